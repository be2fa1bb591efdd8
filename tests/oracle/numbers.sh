#!/usr/bin/env bash
# How canonical JSON writes numbers, beside RFC 8785's examples and Python: TRIALS doubles of all sorts.
. "$(dirname "$0")/../tap.sh"
tap_needs python3
n=${TRIALS:-20000} seed=${SEED:-$RANDOM}
# shellcheck disable=SC2046 # the flags file is a command line
(cd "$TOP" && $(cat "$BUILD/flags") -o "$WORK/numbers" tests/oracle/numbers.c -Wl,--start-group \
	"$BUILD/libcommon.a" -Wl,--end-group -ljansson -lyaml -lcrypto -lm) ||
	skip_all "no compiler to build what writes numbers"

# RFC 8785, appendix B, and what it takes the numbers from
cat >vectors <<-END
	0000000000000000 0
	8000000000000000 0
	0000000000000001 5e-324
	8000000000000001 -5e-324
	7fefffffffffffff 1.7976931348623157e+308
	ffefffffffffffff -1.7976931348623157e+308
	4340000000000000 9007199254740992
	c340000000000000 -9007199254740992
	4430000000000000 295147905179352830000
	44b52d02c7e14af5 9.999999999999997e+22
	44b52d02c7e14af6 1e+23
	44b52d02c7e14af7 1.0000000000000001e+23
	444b1ae4d6e2ef4e 999999999999999700000
	444b1ae4d6e2ef4f 999999999999999900000
	444b1ae4d6e2ef50 1e+21
	3eb0c6f7a0b5ed8c 9.999999999999997e-7
	3eb0c6f7a0b5ed8d 0.000001
	41b3de4355555553 333333333.3333332
	41b3de4355555554 333333333.33333325
	41b3de4355555555 333333333.3333333
	41b3de4355555556 333333333.3333334
	41b3de4355555557 333333333.33333343
	becbf647612f3696 -0.0000033333333333333333
	43143ff3c1cb0959 1424953923781206.2
END
is "Python's side writes the numbers of RFC 8785 as it does" \
	"$(python3 "$TOP/tests/oracle/numbers.py" <vectors)" "24 numbers, 0 others than expected"
cut -d' ' -f1 vectors >bits
is "so does canonical JSON" "$(./numbers bits)" "$(cat vectors)"
check "each of $n numbers reads back (seed $seed)" sh -c "./numbers $seed $n >written"
is "... and is written as Python's digits say" "$(python3 "$TOP/tests/oracle/numbers.py" <written)" \
	"$(wc -l <written) numbers, 0 others than expected"
tap_done
