# shellcheck shell=bash
# Tests of faults source this after tap.sh. TRIALS: how many faults of each kind; docs/reliability.md has the
# counts of a whole run.
#
#	trials=${TRIALS:-40}
#	damage_build                                 # ./damage, of tests/faults/damage.c
#	damaged "an entry" store/actions/ab/x.json --result run/tiny.id -- ./tiny --build run
#	strace_build || ...                          # whether system calls can be watched and made to fail
#	calls_of TRACE                               # "name n" of those calls that change files

# A leak is no matter where a run is cut short, and LeakSanitizer cannot work under strace.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"

damage_build() {
	# shellcheck disable=SC2046 # the flags file is a command line
	(cd "$TOP" && $(cat "$BUILD/flags") -o "$WORK/damage" tests/faults/damage.c) ||
		skip_all "no compiler to build what damages files"
}

# damaged NAME FILE [OPTION...] -- COMMAND...: bytes of the file changed, then its end missing; each time it
# is refused, or gives what the sound one does.
damaged() {
	local name=$1 file=$2 how
	shift 2
	for how in flip cut; do
		if "$WORK/damage" $how "$trials" "$file" "$@" >"$WORK/.damage" 2>&1; then
			ok "$name, $how: $(tail -1 "$WORK/.damage")"
		else
			not_ok "$name, $how: $(tail -1 "$WORK/.damage")"
			sed 's/^/# /' "$WORK/.damage" | head -40
		fi
	done
}

can_trace() {
	command -v strace >/dev/null 2>&1 && strace -qq -e trace=none true 2>/dev/null
}

# Calls after which files, folders or locks are others than before: a kill between two others shows nothing.
changing=write,pwrite64,pwritev,writev,ftruncate,fallocate,fsync,fdatasync,fchmod,mkdir,mkdirat,rename
changing=$changing,renameat,renameat2,link,linkat,unlink,unlinkat,rmdir,flock,utimensat,openat

# calls_of TRACE: lines "NAME N" of the changing calls in a trace of `strace -f`, N as inject counts it: of
# that name, in one thread. Of the opened files only those that are made; no message to a terminal or pipe.
calls_of() {
	awk '{ pid = $1; call = $2; sub(/\(.*/, "", call) }
		call !~ /^[a-z]/ || /<\.\.\. / { next }
		{ n = ++count[pid " " call] }
		call == "openat" && !/O_CREAT|O_TMPFILE/ { next }
		call == "write" && /^[0-9]+ +write\([12],/ { next }
		!seen[call " " n]++ { print call, n }' "$1"
}

# sites_of TRACE FOLDER: lines "NAME N" of what may fail in a trace of `strace -f`, from the first call on
# that names something of FOLDER: then it is our own code that runs.
sites_of() {
	awk -v first="\"[^\"]*$2" '{ call = $2; sub(/\(.*/, "", call) }
		call !~ /^[a-z]/ { next }
		{ n = ++count[$1 " " call] }
		$0 ~ first && call != "execve" { begun = 1 }
		!begun || call ~ /^(execve|exit|brk|arch_prctl|rt_sig|nano|clock|futex|munmap|mprotect)/ ||
			call ~ /^(set_|rseq|sched_|get(pid|tid|random)|prlimit|uname|wait|madvise)/ { next }
		!seen[call " " n]++ { print call, n }' "$1"
}

# short_build: ./short.so, of tests/faults/short.c.
short_build() {
	! grep -q fsanitize "$BUILD/flags" && "$(cut -d' ' -f1 "$BUILD/flags")" -D_GNU_SOURCE -shared -fPIC \
		-o short.so "$TOP/tests/faults/short.c"
}

# some_of N: N of the lines that come in, evenly spaced; all if there are no more.
some_of() {
	awk -v n="$1" '{ line[NR] = $0 }
		END { if (n > NR) n = NR
			for (i = 0; i < n; i++) print line[1 + int((i + 0.5) * NR / n)] }'
}

# failing CALL N ERROR COMMAND...: the command, whose N-th call of that name fails; counts in n_injected that
# there was one. Its exit code is the command's.
n_injected=0
failing() {
	local call=$1 n=$2 error=$3 code
	shift 3
	strace -qq -f -o failing.trace -e "trace=$call" -e "inject=$call:error=$error:when=$n" "$@"
	code=$?
	! grep -q '(INJECTED)$' failing.trace || n_injected=$((n_injected + 1))
	return $code
}

# most_of N ALL: enough of the tries met their call; with threads or children another order may leave one out.
most_of() {
	test $((10 * $1)) -ge $((9 * $2)) -a "$1" -gt 0
}

# killed_everywhere NAME PREPARE SETTLE COMMAND...: the command is killed (-9) before each call that changes
# something (before $trials of them, if there are more), each time in what PREPARE has made; then SETTLE must
# hold. Both are functions.
killed_everywhere() {
	local name=$1 prepare=$2 settle=$3 call n sites=0 killed=0 all bad='' code
	shift 3
	$prepare
	if ! strace -qq -f -o calls.trace -e trace=$changing "$@" >calls.log 2>&1; then
		not_ok "$name: it runs under strace"
		sed 's/^/# /' calls.log | tail -5
		return
	fi
	calls_of calls.trace >calls.all
	all=$(wc -l <calls.all)
	some_of "$trials" <calls.all >calls.some
	while read -r call n <&3; do
		$prepare
		strace -f -o killed.trace -e "trace=$call" -e "inject=$call:signal=SIGKILL:when=$n" "$@" \
			>calls.log 2>&1
		grep -q 'killed by SIGKILL' killed.trace && killed=$((killed + 1))
		$settle
		code=$?
		[ $code = 0 ] || bad="$bad $call:$n:$code"
		sites=$((sites + 1))
	done 3<calls.some 2>/dev/null # the shell's own word on each kill
	is "$name: killed at $killed of $all calls, all is well after the next run" "$bad" ""
	check "... of $sites tries" most_of $killed $sites
}
