#!/usr/bin/env bash
# The N-th allocation fails, for each N: a stage that publishes and reads, and the store's command line, end
# with a message and exit 1, or give the right result; never a signal, never another key, never half a result.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
. "$TOP/tests/faults.sh"
! grep -q fsanitize "$BUILD/flags" || skip_all "a sanitizer has an allocator of its own"
trials=${TRIALS:-12}

cat >nth.c <<'C'
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
static long n_calls;

/* Fails once, at the FAIL_AT-th, or from then on if FAIL_ON is set. */
static int is_failing(void)
{
	static long at = -1;
	static int goes_on;
	if (at < 0) {
		const char *text = getenv("FAIL_AT");
		at = text ? atol(text) : 0;
		goes_on = getenv("FAIL_ON") != NULL;
	}
	long n = __atomic_add_fetch(&n_calls, 1, __ATOMIC_RELAXED);
	if (at && (n == at || (goes_on && n > at))) {
		errno = ENOMEM;
		return 1;
	}
	return 0;
}

void *malloc(size_t n)
{
	return is_failing() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	return is_failing() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t n)
{
	return is_failing() ? NULL : __libc_realloc(old, n);
}

void *aligned_alloc(size_t align, size_t n)
{
	return is_failing() ? NULL : __libc_memalign(align, n);
}

int posix_memalign(void **p, size_t align, size_t n)
{
	if (is_failing())
		return ENOMEM;
	*p = __libc_memalign(align, n);
	return *p ? 0 : ENOMEM;
}

__attribute__((destructor)) static void tell(void)
{
	const char *file = getenv("FAIL_COUNT");
	FILE *f = file ? fopen(file, "w") : NULL;
	if (f) {
		fprintf(f, "%ld\n", n_calls);
		fclose(f);
	}
}
C
# shellcheck disable=SC2046 # the flags file is a command line
$(cut -d' ' -f1 "$BUILD/flags") -shared -fPIC -o nth.so nth.c || skip_all "no compiler"
failing() { # failing N COMMAND...
	local n=$1
	shift
	FAIL_AT=$n LD_PRELOAD=$PWD/nth.so "$@"
}
count_of() { # count_of COMMAND...: its allocations
	FAIL_COUNT=$PWD/count failing 0 "$@" >log 2>&1
	cat count
}

# each NAME PREPARE IS_RIGHT COMMAND...: every N-th of its allocations fails, $trials of them
each() {
	local name=$1 prepare=$2 is_right=$3 total n code bad='' n_said=0 goes_on sites=0
	shift 3
	$prepare
	total=$(count_of "$@")
	seq "$total" | some_of "$trials" >sites
	while read -r n <&3; do
		for goes_on in '' 1; do
			$prepare
			if [ -n "$goes_on" ]; then FAIL_ON=1 failing "$n" "$@" >out 2>err; else
				failing "$n" "$@" >out 2>err
			fi
			code=$?
			sites=$((sites + 1))
			case $code in
			0) $is_right || bad="$bad $n:wrong" ;;
			1 | 2) n_said=$((n_said + 1)) && [ -s err ] || bad="$bad $n:silent" ;;
			*) bad="$bad $n$goes_on:exit$code" ;;
			esac
		done
	done 3<sites
	is "$name: $sites failures at $(wc -l <sites) of $total allocations, $n_said said" "$bad" ""
}

tiny_params count=20 value_bytes=100
./tiny --build run >log 2>&1 && ./twice --build run >log 2>&1 || exit 1
id=$(cat run/tiny.id) result=$(cat run/twice.id)
keys=$(cd store/actions && find . -type f | sort)
as_new() { rm -rf store run/tiny.* run/twice.*; }
is_one_of_keys() { [ -z "$(cd store/actions && find . -type f | grep -vxF "$keys")" ]; }
is_made() { [ "$(cat run/tiny.id)" = "$id" ] && is_one_of_keys; }
each "a stage that publishes" as_new is_made ./tiny --build run
"$BIN/store" verify >log 2>&1 || not_ok "the store is sound"

as_new
./tiny --build run >log 2>&1
cp -a store base
with_input() {
	rm -rf store run/twice.*
	cp -a base store
}
is_doubled() { [ "$(cat run/twice.id)" = "$result" ] && is_one_of_keys; }
each "a stage that reads and publishes" with_input is_doubled ./twice --build run
with_input
./twice --build run >log 2>&1
cp -a store whole
as_whole() { :; }
is_hit() { [ "$(cat run/twice.id)" = "$result" ] && grep -q cached err; }
each "a hit" as_whole is_hit ./twice --build run

for command in "verify" "log $result" "show $id" "ls" "gc --runs ." "refs 7"; do
	# shellcheck disable=SC2086 # several words
	expected=$("$BIN/store" $command 2>/dev/null)
	is_as_before() { [ "$(cat out)" = "$expected" ]; }
	# shellcheck disable=SC2086 # several words
	each "store $command" as_whole is_as_before "$BIN/store" $command
done
tap_done
