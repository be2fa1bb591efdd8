#!/usr/bin/env bash
# A stage killed with -9 at random moments: run again it gives the same id, no object is damaged and nothing
# is left behind (before each system call: kill-store.sh).
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
trials=${TRIALS:-60}

tiny_params count=3000 value_bytes=900
./tiny --build run >out 2>&1 || exit 1
id=$(cat run/tiny.id)
start=${EPOCHREALTIME/./}
rm -rf store && ./tiny --build run >out 2>&1
span_us=$(((${EPOCHREALTIME/./} - start) * 13 / 10))

# Whether all is as a clean run leaves it, after the kill and one more run.
settle() {
	for object in store/objects/*/*.mdb; do
		[ ! -e "$object" ] || "$BIN/store" verify "$(basename "$object" .mdb)" >verify.log || return 1
	done
	./tiny --build run >out 2>err || return 2
	[ "$(cat run/tiny.id)" = "$id" ] || return 3
	[ "$(left_over)" = 0 ] || return 4
	[ -z "$(find run -name '*.new')" ] || return 5
	./tiny --build run 2>&1 | grep -q cached || return 6
}

# The span follows the machine, which others may keep busy.
bad='' killed=0
for ((i = 0; i < trials; i++)); do
	rm -rf store run/tiny.*
	./tiny --build run >out 2>err &
	pid=$!
	sleep "$(random_s $span_us)"
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
	if [ $? = 137 ]; then
		killed=$((killed + 1)) span_us=$((span_us * 21 / 20))
	else
		span_us=$((span_us * 19 / 20))
	fi
	settle || bad="$bad $i:$?"
done 2>/dev/null
is "killed at $trials random moments: same id, sound objects, nothing left" "$bad" ""
check "most of them were killed before they ended ($killed)" [ "$killed" -gt $((trials / 3)) ]
tap_done
