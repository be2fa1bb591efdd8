# shellcheck shell=bash
# Shell tests source this: TAP on stdout, a private folder as working directory, removed at the end.
#
#	. "$(dirname "$0")/../tap.sh"
#	tap_needs strace                              # skips the whole file, with the reason, if absent
#	check "second make starts no stage" test "$n" = 0
#	differs "another seed, another id" "$a" "$b"
#	check_fails "a typo is refused" 2 "did you mean" bin/params ...   # exit code, and text on stderr
#	tap_done
#
# TOP is the source tree, BIN the build's bin folder, BUILD the build folder; EINTHOVEN_STORE points into
# the private folder.
set -u
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${B:-build}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
BIN=$BUILD/bin
DATA=${EINTHOVEN_DATA:-$TOP/../shared/data}
WORK=$(mktemp -d "${TMPDIR:-/tmp}/einthoven-test.XXXXXX")
export EINTHOVEN_STORE=$WORK/store
export EINTHOVEN_KEY='' EINTHOVEN_TRUST='' EINTHOVEN_REMOTE=none # nothing of whoever runs the tests
tap_n=0 tap_failed=0
tap_cleanup=

tap_end() {
	[ -z "$tap_cleanup" ] || eval "$tap_cleanup"
	cd / && chmod -R u+w "$WORK" 2>/dev/null
	rm -rf "$WORK"
}
trap tap_end EXIT
trap 'exit 130' INT TERM
cd "$WORK" || exit 1

ok() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $*"
}

not_ok() {
	tap_n=$((tap_n + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_n - $*"
}

# check NAME COMMAND...: the command succeeds; its output is shown if it does not.
check() {
	local name=$1
	shift
	if "$@" >"$WORK/.check" 2>&1; then
		ok "$name"
	else
		not_ok "$name"
		sed 's/^/# /' "$WORK/.check" | tail -20
	fi
}

# check_fails NAME CODE TEXT COMMAND...: exits with CODE and says TEXT (a basic regular expression) on stderr.
check_fails() {
	local name=$1 code=$2 text=$3 got
	shift 3
	"$@" >"$WORK/.out" 2>"$WORK/.err"
	got=$?
	if [ $got = "$code" ] && grep -q -e "$text" "$WORK/.err"; then
		ok "$name"
	else
		not_ok "$name"
		echo "# exit $got (expected $code), stderr without '$text':"
		sed 's/^/#   /' "$WORK/.err" | tail -10
	fi
}

is() { # is NAME GOT EXPECTED
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1"
		echo "# got:      $2"
		echo "# expected: $3"
	fi
}

# differs NAME GOT NOT: two ids, not the same. An id that is missing is not another one.
differs() {
	if [[ $2 =~ ^[0-9a-f]{64}$ && $3 =~ ^[0-9a-f]{64}$ && $2 != "$3" ]]; then
		ok "$1"
	else
		not_ok "$1"
		echo "# got '$2', expected an id other than '$3'"
	fi
}

skip() { # skip NAME REASON
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

# wait_for COMMAND...: until it succeeds, at most a minute: a busy machine is slow, but it
# comes to everything.
wait_for() {
	local i
	for ((i = 0; i < 6000; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.01
	done
	return 1
}

# random_s MICROSECONDS: up to so long, as sleep takes it.
random_s() {
	local us=$(((RANDOM * 32768 + RANDOM) * $1 / 1073741824))
	printf '%d.%06d' $((us / 1000000)) $((us % 1000000))
}

# children_of PID: its processes, one id a line. A bare Debian has no ps and no pkill.
children_of() {
	local stat line
	for stat in /proc/[0-9]*/stat; do
		{ read -r line <"$stat"; } 2>/dev/null || continue
		line=${line##*) } # behind the name, which may hold anything: state, parent, ...
		line=${line#* }
		[ "${line%% *}" != "$1" ] || basename "${stat%/stat}"
	done
}

# signal_children SIGNAL PID: as pkill -SIGNAL -P PID. False if there was none.
signal_children() {
	local pids
	pids=$(children_of "$2")
	# shellcheck disable=SC2086 # several words
	[ -n "$pids" ] && kill "-$1" $pids 2>/dev/null
}

# processes_with TEXT: those whose command line holds it, one id a line.
processes_with() {
	local file words pid
	for file in /proc/[0-9]*/cmdline; do
		{ mapfile -d '' -t words <"$file"; } 2>/dev/null || continue
		pid=${file%/cmdline}
		case ${words[*]} in *"$1"*) echo "${pid#/proc/}" ;; esac
	done
}

tap_needs() {
	local c
	for c in "$@"; do
		command -v "$c" >/dev/null 2>&1 || skip_all "$c is not installed"
	done
}

has_isa() { # has_isa NAME: whether EINTHOVEN_ISA=NAME runs on this machine
	case $1/$(uname -m) in
	scalar/* | neon/aarch64) ;;
	avx2/x86_64) grep -qw avx2 /proc/cpuinfo ;;
	avx512/x86_64) grep -qw avx512dq /proc/cpuinfo ;;
	*) false ;;
	esac
}

tap_done() {
	echo "1..$tap_n"
	[ $tap_failed = 0 ]
	exit
}
