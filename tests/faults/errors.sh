#!/usr/bin/env bash
# A system call that fails, at each place where a stage makes one: the stage says so and exits with 1, or does
# without and gives the right id. The store is sound after it; the next run gives the id and leaves nothing.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
. "$TOP/tests/faults.sh"
trials=${TRIALS:-24}
tiny_params count=40 value_bytes=900
./tiny --build run >log 2>&1 || exit 1
id=$(cat run/tiny.id)
as_new() { rm -rf store run/tiny.*; }

# What a failure came to; $1: the exit code, $2: whether the call's own message must name a path.
is_clean() {
	case $1 in
	0) [ "$(cat run/tiny.id)" = "$id" ] || return 1 ;;
	1) grep -q '^tiny: .' err || return 2 ;;
	*) return 3 ;;
	esac
	! grep -qE 'Sanitizer|BUG in' err || return 4
}
is_whole_again() {
	! [ -d store/objects ] || "$BIN/store" verify >verify.log 2>&1 || return 11
	./tiny --build run >log 2>&1 || return 12
	[ "$(cat run/tiny.id)" = "$id" ] || return 13
	[ "$(left_over)" = 0 ] || return 14
	[ -z "$(find run -name '*.new' -o -name '.t0*')" ] || return 15
}

# ---- by strace: each call by its number, once our own code runs ----
if can_trace; then
	as_new
	strace -qq -f -o trace ./tiny --build run >log 2>&1
	sites_of trace run/ >all
	errors=(EIO ENOSPC EDQUOT EINTR EACCES EMFILE ENOMEM)
	every=${EVERY:-} # each error at each site, not one in turn
	bad='' sites=0 tries=0 n_said=0
	while read -r call n <&3; do
		for ((k = 0; k < ${#errors[@]}; k++)); do
			[ -n "${every:-}" ] || [ $((sites % ${#errors[@]})) = $k ] || continue
			as_new
			failing "$call" "$n" "${errors[k]}" ./tiny --build run >out 2>err
			code=$?
			tries=$((tries + 1))
			is_clean $code && is_whole_again
			result=$?
			[ $result = 0 ] || bad="$bad $call:$n:${errors[k]}:$result"
			[ $code = 0 ] || n_said=$((n_said + 1))
		done
		sites=$((sites + 1))
	done 3< <(some_of $((3 * trials)) <all)
	is "$sites of $(wc -l <all) calls fail, $n_said times with a message: no half result" "$bad" ""
	check "... and they did fail, $n_injected in $tries tries" most_of $n_injected $tries
	check "some of them are fatal" [ $n_said -gt 0 ]
else
	skip "system calls that fail" "strace is not installed or not allowed"
fi

# ---- short writes and interruptions, by a library that is loaded first ----
if ! short_build; then
	skip "short writes" "a sanitizer wants to be loaded first"
else
	bad='' n_done=0
	for ((i = 1; i <= trials; i++)); do
		as_new
		rm -f was-short
		SHORT=$i LD_PRELOAD=$PWD/short.so ./tiny --build run >out 2>err
		code=$?
		is_clean $code && is_whole_again || bad="$bad $i:$?"
		[ -e was-short ] || break # it makes no more calls
		[ $code != 0 ] || n_done=$((n_done + 1))
	done
	is "writes that are short or interrupted from the 1st, 2nd ... $((i - 1))th on: no half result" \
		"$bad" ""
	check "... all that were to be tried, or that it makes" test $i -gt 8 -o $i -gt "$trials"
	check "... those of the small files behind the object do no harm ($n_done)" [ $n_done -gt 3 ]
fi

# ---- a disk that is full at some moment, a limit on the size of files ----
bad='' n_said=0
tiny_params count=400 value_bytes=2000
./tiny --build run >log 2>&1
id=$(cat run/tiny.id)
kib=$(($(stat -c %s store/objects/*/"$id.mdb") / 1024))
for ((i = 0; i < trials; i++)); do
	as_new
	(
		ulimit -f $((kib * i / trials + 1))
		trap '' XFSZ
		exec ./tiny --build run >out 2>err
	)
	is_clean $? && is_whole_again || bad="$bad $i:$?"
	! grep -q 'ulimit -f' err || n_said=$((n_said + 1))
done
is "files limited to $trials sizes below the object's: no half result" "$bad" ""
check "... and the limit is named ($n_said)" [ $n_said -gt $((trials / 2)) ]

mkdir small
if mount -t tmpfs -o size=4m tmpfs small 2>/dev/null; then
	tap_cleanup="umount '$WORK/small'"
	export EINTHOVEN_STORE=$WORK/small/store
	bad='' n_said=0
	for ((i = 0; i < trials; i++)); do
		rm -rf small/* run/tiny.*
		head -c $((4096 * 1024 * i / trials)) /dev/zero >small/filler
		./tiny --build run >out 2>err
		is_clean $? || bad="$bad $i:$?"
		! grep -q 'No space left on device.*free some space' err || n_said=$((n_said + 1))
		rm -f small/filler
		[ ! -d small/store/objects ] || "$BIN/store" verify >verify.log 2>&1 || bad="$bad $i:damaged"
		./tiny --build run >out 2>err && [ "$(cat run/tiny.id)" = "$id" ] && [ "$(left_over)" = 0 ] ||
			bad="$bad $i:again"
	done
	is "a disk of 4 MiB that is full from $trials sizes on: no half result" "$bad" ""
	check "... and what to do is said ($n_said)" [ $n_said -gt 1 ]
else
	skip "a full disk" "a tmpfs cannot be mounted here"
fi
tap_done
