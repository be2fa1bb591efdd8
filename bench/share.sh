#!/usr/bin/env bash
# Sharing beside cp on the same disk: seconds to push and pull an artifact through a folder, verification
# and sync included, and to copy the same bytes, without and with sync; then how long a hit from a remote
# takes. Alternating, ROUNDS (5) times; the median of each is printed last.
#
#	make bench-share SIZE=4000            # synthetic records at 500 Hz (0.12 MB each)
set -eu
cd "$(dirname "$0")/.."
B=${B:-build}
rounds=${ROUNDS:-5}
work=${PLACE:-$B/bench-share}
export EINTHOVEN_QUIET=1 EINTHOVEN_REMOTE=none EINTHOVEN_STORE=$work/store
rm -rf "$work" && mkdir -p "$work"
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

seconds() { # seconds COMMAND...
	local from=$EPOCHREALTIME
	"$@" >/dev/null 2>&1
	echo "$from $EPOCHREALTIME" | awk '{ printf "%.3f", $2 - $1 }'
}
median() { sort -n | awk '{ x[NR] = $1 } END { print x[int((NR + 1) / 2)] }'; }
copy() { cp "$object" "$work/copy" && { [ "$1" = unsynced ] || sync "$work/copy"; }; }
copy_remote() { cp -r "$work/team" "$work/team2" && sync -f "$work/team2"; }
push() { "$B/bin/remote" push "$id" --alone --remote "$work/team"; }
pull() { EINTHOVEN_STORE=$work/other "$B/bin/remote" pull "$id" --remote "$work/team"; }

make_run() { # make_run FOLDER RECORDS
	"$B/bin/params" --out "$1" --schemas "$B/schema" --set "fetch.records=$2 fetch.rate_hz=500" \
		params/default.yaml fetch preprocess views pretrain embed probe finetune
	"$B/bin/fetch" --build "$1"
}
make_run "$work/run" "${SIZE:-4000}" >/dev/null 2>&1
id=$(cat "$work/run/fetch.id") object=$(find "$work/store" -name '*.mdb')
echo "an object of $(stat -c %s "$object") bytes, on $(stat -f -c %T "$work")"
for ((i = 0; i < rounds; i++)); do
	chmod -R u+w "$work/other" 2>/dev/null || true
	rm -rf "$work"/{copy,team,team2,other} && mkdir "$work/team"
	cat "$object" >/dev/null && sync -f "$work"
	{
		echo "cp              $(seconds copy unsynced)"
		rm "$work/copy" && sync -f "$work"
		echo "cp,sync         $(seconds copy synced)"
		rm "$work/copy" && sync -f "$work"
		echo "push            $(seconds push)"
		echo "push,again      $(seconds push)"
		sync -f "$work"
		echo "pull            $(seconds pull)"
		sync -f "$work"
		echo "cp,files,sync   $(seconds copy_remote)"
	} | tee -a "$work/times"
done

# A small result, so that what is timed is the asking: a stage that hits here, and one that hits there.
make_run "$work/small" 2 >/dev/null 2>&1
key=$("$B/bin/store" log "$work/small/fetch.id" | sed -n 's/^ *action  *//p' | head -1)
"$B/bin/remote" give "$key" --remote "$work/team"
cp -r "$work/small" "$work/small2"
for ((i = 0; i < 4 * rounds; i++)); do
	echo "hit,here        $(seconds "$B/bin/fetch" --build "$work/small")"
	rm -rf "$work/other"
	EINTHOVEN_REMOTE=$work/team EINTHOVEN_STORE=$work/other
	echo "hit,remote      $(seconds "$B/bin/fetch" --build "$work/small2")"
	EINTHOVEN_REMOTE=none EINTHOVEN_STORE=$work/store
done >>"$work/times"
echo "medians:"
for what in cp cp,sync cp,files,sync push push,again pull hit,here hit,remote; do
	echo "$what $(awk -v w=$what '$1 == w { print $2 }' "$work/times" | median) s"
done | column -t
