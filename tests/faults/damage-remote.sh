#!/usr/bin/env bash
# Every kind of file in a remote, with flipped bytes or without its end: it is refused and nothing of it is
# kept, or what comes is the artifact of that id.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
. "$TOP/tests/faults.sh"
trials=${TRIALS:-10}
unset EINTHOVEN_REMOTE
damage_build
ln -s "$BIN/remote" remote
remote=$BIN/remote

tiny_params count=300 value_bytes=90
./tiny --build run >log 2>&1 || skip_all "the stage does not run"
id=$(cat run/tiny.id)
key=$(basename "$(find store/actions -name '*.json')" .json)
mkdir team
"$remote" push "$id" --remote team >log 2>&1 || skip_all "push does not run"
where=$(cd team/ac && find . -type f ! -name "$key*" -printf '%f\n' | head -1)
manifest=$(head -c 64 "team/ac/$where")
rm -rf store run/tiny.*

fresh='chmod -R u+w store; rm -rf store; mkdir store'
for kind in "a header:cas/$id" "where the manifest is:ac/$where" "a manifest:cas/$manifest" \
	"an entry:ac/$key"; do
	[ -f "team/${kind#*:}" ] || not_ok "${kind%:*} is there"
	damaged "${kind%:*}, taken" "team/${kind#*:}" --before "$fresh" -- "$remote" take "$key" --remote team
	is "... nothing half is kept" "$("$BIN/store" verify 2>&1 | grep -o '[0-9]* damaged')" "0 damaged"
done
segments=$(cd team/cas && find . -type f ! -name "$id" ! -name "$manifest" -printf '%f\n')
for segment in $segments; do
	damaged "a segment, pulled" "team/cas/$segment" --before "$fresh" -- \
		"$remote" pull "$id" --remote team
	is "... nothing half is kept" "$("$BIN/store" verify 2>&1 | grep -o '[0-9]* damaged')" "0 damaged"
done
printf 'remote:\n  url: team\n  access: read-only\n' >store.yaml
damaged "store.yaml" store.yaml --may-differ --before "$fresh" -- "$remote" take "$key"
tap_done
