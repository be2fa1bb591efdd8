#!/usr/bin/env bash
# What a stage reads is replaced while it runs: program, params. The key is that of the bytes that were used,
# and the stamp is older than the change, so that the next make looks again.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
rounds=${TRIALS:-2}

# begun GATE: the stage waits at the gate in the background; pid is its process
begun() {
	rm -f gate gate.begun
	"$@" >out 2>err &
	pid=$!
	wait_for test -e gate.begun
}
finished() {
	touch gate
	wait $pid
}
is_stale() { [ "$1" -nt run/tiny.stamp ]; }

tiny_params count=30
./tiny --build run >log 2>&1
thirty=$(cat run/tiny.id)
tiny_params count=31
./tiny --build run >log 2>&1
more=$(cat run/tiny.id)
differs "two slices, two artifacts" "$more" "$thirty"
key_of() { # the entry that names the artifact
	grep -l "\"sha256\":\"$1\"" store/actions/*/*.json | wc -l | tr -d ' '
}

for ((i = 0; i < rounds; i++)); do
	rm -rf store run/tiny.*
	tiny_params count=30 gate=gate
	begun ./tiny --build run
	tiny_params count=31
	finished
	is "params replaced during a run: the result is that of what was read" "$(cat run/tiny.id)" "$thirty"
	is "... under that key" "$(grep -o '"count":[0-9]*' run/tiny.key.json)" '"count":30'
	check "... and the next make looks again" is_stale run/params/tiny.json
	./tiny --build run >log 2>&1
	is "... and gets the new one" "$(cat run/tiny.id)" "$more"

	rm -rf store run/tiny.*
	tiny_params count=30 gate=gate
	cp tiny program
	printf '%064d\n' 0 | tr 0 1 >program.code
	begun ./program --build run
	tiny_build "$WORK/new" -DCODE_ID='"2222222222222222222222222222222222222222222222222222222222222222"'
	mv new program
	printf '%064d\n' 0 | tr 0 2 >program.code
	finished
	is "the program replaced: the key has the code that ran" \
		"$(grep -o '"code":"[0-9]*"' run/tiny.key.json | tr -s 1)" '"code":"1"'
	check "... and the stamp is older than the new program" is_stale program.code
	./program --build run >log 2>&1
	check "... which then runs" grep -q '^tiny: ran' log
	is "... under its own key" "$(grep -o '"code":"[0-9]*"' run/tiny.key.json | tr -s 2)" '"code":"2"'
done

# ---- an edit in the tick of the start ----
tiny_params count=30
stale=''
for ((i = 0; i < 20 * rounds; i++)); do
	./tiny --build run >log 2>&1
	touch edited
	[ edited -nt run/tiny.stamp ] || stale="$stale $i"
done
is "an edit right after a stage is newer than its stamp, each of $((20 * rounds)) times" "$stale" ""
tap_done
