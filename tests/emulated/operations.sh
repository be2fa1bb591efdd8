#!/usr/bin/env bash
# The kernels of cards, run by fibers on this CPU: every unit test of operations, in three orders of
# threads and blocks, with a look for races, and with address-sanitizer; every kernel is run. docs/gpu.md
# says what each finds.
. "$(dirname "$0")/../tap.sh"
[ -e "$BUILD/lib/kernels_emulated.so" ] || skip_all "kernels_emulated.so was not built for this machine"
[ "$(uname -m)" != x86_64 ] || has_isa avx2 || skip_all "this CPU has no fused multiply-add"
units=(attention batchnorm blocks conv elementwise gemm norm ntxent ops tokens)
export EINTHOVEN_DEVICE=emulated

# all NAME [VARIABLE=VALUE...]: each of the unit tests, one check a variant.
all() {
	local name=$1 unit failed=
	shift
	for unit in "${units[@]}"; do
		(cd "$TOP" && env "$@" "$BUILD/tests/kernels_$unit") >"$WORK/$unit.log" 2>&1 ||
			failed="$failed kernels_$unit"
	done
	is "unit tests of operations: $name" "$failed" ""
	for unit in $failed; do
		grep -aE 'emulated: |ERROR|^not ok|runtime error' "$WORK/${unit#kernels_}.log" | head -5 |
			sed 's/^/# /'
	done
}

is "terms of p are those of the CPU" \
	"$(cd "$TOP" && "$BUILD/tests/model_terms" >"$WORK/terms.log" 2>&1; echo $?)" 0
for seed in 0 1 7; do
	all "threads in the order of seed $seed" EINTHOVEN_EMULATED_SEED=$seed \
		EINTHOVEN_EMULATED_LIST="$WORK/list"
done
# finish_sums is the fast class's: tests/cuda/fast.sh
is "every kernel was run" "$(awk '{ n[$1] += $2 } END { for (k in n) if (!n[k]) print k }' list)" finish_sums
check "... of more than fifty" test "$(cut -d' ' -f1 list | sort -u | wc -l)" -gt 50

race=$BUILD/lib/kernels_emulated-race.so
if [ -e "$race" ]; then
	# The self-test, which each of them begins with, has every operation; RACE=all adds the two slowest.
	[ "${RACE:-}" = all ] || units=(attention batchnorm blocks conv elementwise norm ntxent tokens)
	all "no access that nothing orders" EINTHOVEN_EXTENSION="$race"
else
	skip "unit tests of operations: no race" "not built with a sanitizer or for another machine"
fi

units=(attention batchnorm blocks conv elementwise gemm norm ntxent tokens)
asan=$BUILD/lib/kernels_emulated-asan.so
runtime=$(ldd "$asan" 2>/dev/null | awk '/libasan/ { print $3 }')
if [ -n "$runtime" ]; then
	all "address-sanitizer finds nothing" EINTHOVEN_EXTENSION="$asan" LD_PRELOAD="$runtime" \
		ASAN_OPTIONS=detect_leaks=0
else
	skip "unit tests of operations: address-sanitizer" "only gcc's can be loaded into another program"
fi
tap_done
