#!/usr/bin/env bash
# A system call of push, of pull or of a stage that takes from a remote fails, or writes are short: exit 1
# with a message, or what was asked for; whatever has a name is whole, and the same command run again ends as
# one that was left alone.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
. "$TOP/tests/faults.sh"
can_trace || skip_all "strace is not installed or not allowed"
trials=${TRIALS:-8}
every=${EVERY:-} # each error at each site, not one in turn
unset EINTHOVEN_REMOTE
ln -s "$BIN/remote" remote
remote=$BIN/remote

# In segments so small that they are always compressed, so that a remote has the same bytes each time.
tiny_params count=60 value_bytes=900
./tiny --build run >log 2>&1 && ./twice --build run >>log 2>&1 || skip_all "the stages do not run"
result=$(cat run/twice.id) id=$(cat run/tiny.id)
mv store base
mv run base.run
mkdir team
EINTHOVEN_STORE=base "$remote" push "$result" --remote team >log 2>&1 || skip_all "push does not run"
mv team team.whole
files_of() { (cd "$1" && find . -type f ! -path './tmp/*' -exec sha256sum {} + | LC_ALL=C sort); }
whole=$(files_of team.whole)

# prepared STORE TEAM RUN: as they are before.
prepared() {
	chmod -R u+w team store 2>/dev/null
	rm -rf team store run was-short
	cp -a "$1" store && cp -a "$2" team && cp -a "$3" run
}
mkdir none
cp -a base.run new.run
rm -f new.run/tiny.* new.run/twice.*

before_push() { prepared base none base.run; }
# shellcheck disable=SC2120 # with or without something to start it with
push() { "$@" "$remote" push "$result" --remote team; }
is_push_well() { # is_push_well CODE
	[ "$1" != 0 ] || [ "$(files_of team)" = "$whole" ] || return 1
	[ -z "$(LC_ALL=C comm -23 <(files_of team) <(echo "$whole"))" ] || return 2
	push >log 2>&1 || return 3
	[ "$(files_of team)" = "$whole" ] || return 4
	[ -z "$(find team/tmp -type f)" ] || return 5
}

before_pull() { prepared none team.whole base.run; }
# shellcheck disable=SC2120
pull() { "$@" "$remote" pull "$result" --remote team; }
is_pull_well() {
	[ "$1" != 0 ] || "$BIN/store" verify "$result" >log 2>&1 || return 1
	"$BIN/store" verify >log 2>&1 || return 2
	pull >log 2>&1 && "$BIN/store" verify "$result" >log 2>&1 || return 3
	[ "$(files_of team)" = "$whole" ] || return 4
	[ "$(left_over)" = 0 ] || return 5
}

before_take() { prepared none team.whole new.run; }
# shellcheck disable=SC2120
take() { EINTHOVEN_REMOTE=$PWD/team "$@" ./tiny --build run; }
is_take_well() {
	[ "$1" != 0 ] || [ "$(cat run/tiny.id)" = "$id" ] || return 1
	"$BIN/store" verify >log 2>&1 || return 2
	take >log 2>&1 && [ "$(cat run/tiny.id)" = "$id" ] || return 3
	[ "$(files_of team)" = "$whole" ] || return 4
	[ "$(left_over)" = 0 ] || return 5
	[ -z "$(find run -name '*.new' -o -name '.t0*')" ] || return 6
}

# judged WHAT CODE: nothing, or what is wrong.
judged() {
	local what=$1 code=$2
	if [ "$code" = 127 ] && grep -qE 'error while loading shared libraries|cannot allocate TLS' err; then
		code=1 # the loader's message: it never was our code
	elif [ "$code" -gt 1 ]; then
		echo "exit$code" && return
	elif [ "$code" = 1 ] && ! grep -qE '^(remote|tiny): .' err &&
		! grep -q ' write(2, .*INJECTED' failing.trace; then
		echo silent && return
	elif grep -qE 'Sanitizer|BUG in' err; then
		echo crashed && return
	fi
	"is_${what}_well" "$code" || echo "$?"
}

errors=(EIO ENOSPC EDQUOT EINTR EACCES EMFILE ENOMEM)
for what in push pull take; do
	before_$what
	$what strace -qq -f -o trace >log 2>&1
	# Without the first mmap the loader crashes, whatever program it loads.
	sites_of trace '(team|store)' | grep -v '^mmap 1$' >all
	bad='' sites=0 tries=0 n_said=0 n_injected=0
	while read -r call n <&3; do
		for ((k = 0; k < ${#errors[@]}; k++)); do
			[ -n "$every" ] || [ $((sites % ${#errors[@]})) = $k ] || continue
			before_$what
			$what failing "$call" "$n" "${errors[k]}" >out 2>err
			code=$?
			tries=$((tries + 1))
			wrong=$(judged $what $code)
			[ -z "$wrong" ] || bad="$bad $call:$n:${errors[k]}:$wrong"
			[ $code = 0 ] || n_said=$((n_said + 1))
		done
		sites=$((sites + 1))
	done 3< <(some_of "$trials" <all)
	is "$sites of $(wc -l <all) calls of $what fail, $n_said times with a message: nothing half" "$bad" ""
	check "... and they did fail, $n_injected in $tries tries" most_of $n_injected $tries

	if ! short_build; then
		skip "$what: short writes" "a sanitizer wants to be loaded first"
		continue
	fi
	bad='' n_done=0
	for ((i = 1; i <= trials; i++)); do
		before_$what
		$what env SHORT=$i LD_PRELOAD="$PWD/short.so" >out 2>err
		code=$?
		[ -e was-short ] || break # it makes no more calls
		wrong=$(judged $what $code)
		[ -z "$wrong" ] || bad="$bad $i:$wrong"
		[ $code != 0 ] || n_done=$((n_done + 1))
	done
	is "$what: writes that are short or interrupted from the 1st ... $((i - 1))th on: nothing half" \
		"$bad" ""
	[ $what = push ] && least=2 || least=0 # LMDB takes no short write of an object
	check "... $n_done of them did no harm" test $i -gt 2 -a $n_done -ge "$least"
done

# What an entry that cannot be read names may be what the result was made of.
before_push
entry=$(find store/actions -name '*.json' -print -quit)
strace -qq -f -o trace -P "$WORK/$entry" -e inject=openat:error=EIO "$remote" push "$result" --remote team \
	>out 2>err
is "a push that cannot read an entry fails" "$? $(grep -c 'not all can be sent' err)" "1 1"
is "... and sends nothing" "$(files_of team)" ""
check "... which the next one does not: it sends all" is_push_well 1
tap_done
