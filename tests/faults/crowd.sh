#!/usr/bin/env bash
# Many processes on one store: 64 that want one result, 32 that make different ones, readers while gc removes
# what no run needs. One execution per key, no error, nothing lost.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
. "$TOP/tests/faults.sh"
rounds=${TRIALS:-1}

# ---- one key ----
bad='' executions=0
for ((r = 0; r < rounds; r++)); do
	rm -rf store crowd
	before=$(runs)
	tiny_params count=300 value_bytes=900
	for ((i = 0; i < 64; i++)); do
		mkdir -p crowd/$i && cp -r run/params crowd/$i/
		./tiny --build crowd/$i >crowd/$i/out 2>crowd/$i/err &
		pids[i]=$!
	done
	for ((i = 0; i < 64; i++)); do wait "${pids[i]}" || bad="$bad $r:$i:exit$?"; done
	executions=$((executions + $(runs) - before))
	[ "$(cat crowd/*/tiny.id | sort -u | wc -l)" = 1 ] || bad="$bad $r:ids"
	[ "$(left_over)" = 0 ] || bad="$bad $r:left"
	[ "$(cat crowd/*/err | grep -cE '^tiny: (cached|ran) ')" = 64 ] || bad="$bad $r:messages"
done
is "64 processes want one result: no error" "$bad" ""
is "... it is made once in each of $rounds rounds" "$executions" "$rounds"

# ---- different keys ----
bad=''
for ((r = 0; r < rounds; r++)); do
	rm -rf store crowd
	for ((i = 0; i < 32; i++)); do
		mkdir -p crowd/$i
		RUN=crowd/$i tiny_params count=$((50 + i)) value_bytes=300
		./tiny --build crowd/$i >crowd/$i/out 2>crowd/$i/err &
		pids[i]=$!
	done
	for ((i = 0; i < 32; i++)); do wait "${pids[i]}" || bad="$bad $r:$i:exit$?"; done
	[ "$(cat crowd/*/tiny.id | sort -u | wc -l)" = 32 ] || bad="$bad $r:ids"
	[ "$("$BIN/store" verify | tail -1)" = "32 objects verified, 0 damaged" ] || bad="$bad $r:verify"
	[ "$(left_over)" = 0 ] || bad="$bad $r:left"
done
is "32 processes make different results: all are there and sound" "$bad" ""

# ---- readers and writers while gc removes what no run needs ----
rm -rf store crowd
tiny_params count=100
./tiny --build run >log 2>&1 && ./twice --build run >log 2>&1
kept=$(cat run/tiny.id)
before=$(runs) bad=''
(while [ ! -e stop ]; do "$BIN/store" gc --delete --grace-days 0 --runs run >gc.log 2>&1 ||
	cat gc.log >>gc.failed; done) &
collector=$!
for ((i = 0; i < 20 * rounds; i++)); do
	mkdir -p crowd/$i
	RUN=crowd/$i tiny_params count=$((i + 200)) # none is the one of the run
	./tiny --build crowd/$i >crowd/$i/out 2>crowd/$i/err || bad="$bad write$i:exit$?"
	cp -r run again
	./tiny --build again >log 2>&1 && grep -q cached log || bad="$bad hit$i"
	./twice --build again >log 2>&1 && grep -q cached log || bad="$bad twice$i"
	rm -rf again
	"$BIN/store" verify "$kept" >verify.log 2>&1 || bad="$bad verify$i"
done
touch stop
wait $collector
is "gc beside $((20 * rounds)) writers and readers: what a run needs hits and is sound" "$bad" ""
is "... and gc itself did not fail" "$(cat gc.failed 2>/dev/null)" ""
is "... only what is new was made" $(($(runs) - before)) $((20 * rounds))
tap_done
