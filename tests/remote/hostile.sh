#!/usr/bin/env bash
# Remotes that lie, flood or stall: nothing wrong is accepted, nothing half is published, and each attempt
# ends soon, in little memory, with a message. A stage goes on without such a remote.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/servers.sh"
. "$TOP/tests/tiny.sh"
tap_needs python3
export HOME=$WORK EINTHOVEN_QUIET=1
unset EINTHOVEN_REMOTE
tiny_params count=3000 value_bytes=300
mkdir served
ln -s "$BIN/remote" remote
./tiny --build run >/dev/null 2>log && id=$(cat run/tiny.id) &&
	./remote push "$id" --remote served >/dev/null 2>log || exit 1
manifest=$(cat "served/ac/$(printf 'einthoven-manifest/1\n%s' "$id" | sha256sum | cut -d' ' -f1)")
find served/cas -type f ! -name "$id" ! -name "$manifest" -printf '%f\n' >served/segments
check "records lie in segments" test "$(wc -l <served/segments)" -gt 1
python_start hostile served || exit 1

start() { # start NAME COMMAND...: in a folder of its own, with a store of its own, whose remote is NAME
	mkdir "$1" && (
		cd "$1" || exit 1
		printf 'remote:\n  url: %s/%s\n  access: read-write\n  timeout_s: 1\n  patience_s: %s\n' \
			"$url" "$1" "${patience:-600}" >store.yaml
		[ ! -d ../store-of ] || cp -a ../store-of store
		EINTHOVEN_STORE=store exec python3 -IS "$TOP/tests/remote/bounded.py" "${@:2}" >log 2>&1
	) &
	started="$started $1"
}
finish() {
	local job
	for job in $(jobs -p); do
		case " $server_pids " in *" $job "*) ;; *) wait "$job" ;; esac
	done
}
took() { sed -n "s/^exit .* $2 \([0-9]*\).*/\1/p" "$1/log"; }
bounded() { [ "$(took "$1" seconds)" -lt 60 ] && [ "$(took "$1" megabytes)" -lt 64 ]; }
n_objects() { find "$1/store/objects" "$1/store/actions" -type f 2>/dev/null | wc -l; }

# ---- pull ----
started=
all='short endless endlesschunks hugechunk minus twolengths exabyte manyheaders longheader continues nohttp
	tofile toftp loop loopbody storm page404 page500 wrong empty other bomb zbomb zhuge unasked206 silent
	drip driphead driplines'
# The same of the records only.
content='short endlesschunks exabyte storm wrong empty other bomb zbomb zhuge drip'
# These come in two tries; what came second is not the file.
torn='otheretag noetag otherdate novalidator weak longer'
for m in $all; do start "$m" "$BIN/remote" pull "$id"; done
for m in $content $torn; do start "$m-records" "$BIN/remote" pull "$id"; done
finish
for m in $started; do
	is "pull, $m: nothing is taken" "$(n_objects "$m") $(grep -o '^exit [0-9]*' "$m/log")" "0 exit 1"
	check "pull, $m: bounded, with a message" bounded "$m"
	check "pull, $m: one line says why" grep -q '^remote: ' "$m/log"
done
started=
start ok "$BIN/remote" pull "$id"
start half416-records "$BIN/remote" pull "$id"
finish
is "a good server" "$(n_objects ok) $(grep -o '^exit [0-9]*' ok/log)" "1 exit 0"
is "a cut, then 416: from the beginning" "$(n_objects half416-records)" "1"

# ---- push ----
cp -a store store-of
started=
mkdir had && mv served/* had # the server has nothing yet
for m in storm page500 manyheaders longheader continues nohttp loop tofile silent driphead driplines; do
	start "$m-put" "$BIN/remote" push "$id"
done
finish
for m in $started; do
	check "push, $m: fails" grep -q '^exit 1' "$m/log"
	check "push, $m: bounded" bounded "$m"
done
rm -rf store-of

# ---- a stage ----
mv had/* served # an entry too, and what it names
run_tiny() { mkdir -p run && cp -a ../run/params run/ && ../tiny --build run; }
export -f run_tiny
started=
for m in silent endless storm manyheaders tofile drip zbomb wrong; do
	start "$m-stage" bash -c run_tiny
done
for m in forbidden-entry storm-entry page500-entry forbidden-records page500-records; do
	start "$m" bash -c run_tiny
done
patience=1 start trickle-stage bash -c run_tiny
finish
for m in $started; do
	check "a stage, ${m%-stage}: computes" grep -q 'tiny: ran' "$m/log"
	check "a stage, ${m%-stage}: bounded" bounded "$m"
done
# An entry that cannot be had may be there: that is no miss, and the remote is left alone. Of records that
# cannot be had it is said which.
says() {
	is "a stage, $1: says what was answered" \
		"$(grep -c "GET .*/$2/.*: the server answered $3" "$1/log")" 1
}
says forbidden-entry ac 403
says storm-entry ac 503
says page500-entry ac 500
says forbidden-records cas 403
says page500-records cas 500
for m in forbidden storm page500; do
	is "a stage, $m-entry: leaves the remote" "$(grep -c 'going on without the remote' "$m-entry/log")" 1
done
check "5 kB/s: a stage has patience for so long" grep -q 'take did not move for 1 s' trickle-stage/log
check "... and no longer" test "$(took trickle-stage seconds)" -lt 20
start ok-stage bash -c run_tiny
finish
check "a stage, a good server: pulls" grep -q 'tiny: pulled' ok-stage/log

# ---- nobody there ----
for kind in http bazel+http s3+http; do
	rm -rf gone && mkdir gone && (
		cd gone || exit 1
		port=$(free_port)
		export EINTHOVEN_STORE=store EINTHOVEN_REMOTE=$kind://127.0.0.1:$port/ecg/team
		cp -a ../run . && rm -f run/*.id run/*.stamp
		# One make, of which both are stages.
		bash -c '../tiny --build run && ../twice --build run; exit $?' 2>log
	)
	is "$kind, nobody there: two stages compute" "$(grep -o '[a-z]*: ran' gone/log | tr '\n' ' ')" \
		"tiny: ran twice: ran "
	is "... and it is said once" "$(grep -c 'going on without the remote' gone/log)" 1
done
tap_done
