#!/usr/bin/env bash
# A stage killed with -9 at any moment: run again it gives the same id, no object is damaged and
# nothing is left behind.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
trials=${KILL_TRIALS:-200}

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

# ---- at random moments; the span follows the machine, which others may keep busy ----
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

# ---- at each system call that changes the store or the run folder ----
if command -v strace >/dev/null 2>&1 && strace -qq -e trace=none true 2>/dev/null; then
	export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" # LeakSanitizer fails under strace
	tiny_params count=3000 value_bytes=900
	rm -rf store run/tiny.*
	calls=openat,pwrite64,pwritev,write,ftruncate,fdatasync,fsync,fchmod,mkdir,rename,renameat
	calls=$calls,renameat2,link,linkat,unlink,unlinkat,flock,utimensat,close
	strace -qq -f -o trace -e trace=$calls \
		./tiny --build run >out 2>&1
	bad='' sites=0
	for call in $(sed 's/^[0-9]* *//; s/(.*//' trace | sort | uniq -c | awk '{print $2 ":" $1}'); do
		name=${call%:*} n=${call#*:}
		step=$((n > 60 ? n / 30 : 1))
		for ((i = 1; i <= n; i += step)); do
			rm -rf store run/tiny.*
			strace -qq -f -o /dev/null -e "inject=$name:signal=SIGKILL:when=$i" ./tiny \
				--build run >out 2>&1
			sites=$((sites + 1))
			settle || bad="$bad $name:$i:$?"
		done
	done 2>/dev/null
	is "killed at $sites system calls: same id, sound objects, nothing left" "$bad" ""
	check "the places include the renames and syncs" [ "$sites" -gt 40 ]

	# ---- each of them failing instead ----
	bad='' sites=0
	for call in fsync:EIO fdatasync:EIO rename:EIO link:EACCES pwrite64:ENOSPC pwritev:ENOSPC \
		writev:ENOSPC fchmod:EPERM ftruncate:EIO; do
		name=${call%:*} error=${call#*:}
		for i in 1 2 3 4 5 6; do
			rm -rf store run/tiny.*
			strace -qq -f -o trace -e "inject=$name:error=$error:when=$i" ./tiny --build run \
				>out 2>err
			code=$?
			grep -q INJECTED trace || break
			sites=$((sites + 1))
			{ [ $code = 1 ] && grep -q '^tiny: ' err; } || { [ $code = 0 ] &&
				[ "$(cat run/tiny.id)" = "$id" ]; } ||
				bad="$bad $name:$error:$i:exit$code"
			settle || bad="$bad $name:$error:$i:$?"
		done
	done
	is "system calls failing at $sites places: exit 1 with a message, the next run is clean" "$bad" ""
else
	skip "killed at each system call" "strace is not installed or not allowed"
fi
tap_done
