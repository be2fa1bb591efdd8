#!/usr/bin/env bash
# Roots and ids of random records beside Python: TRIALS sets, of which some are made artifacts too.
. "$(dirname "$0")/../tap.sh"
tap_needs python3
n=${TRIALS:-5000} seed=${SEED:-$RANDOM}
each=$((n < 50000 ? 50 : 1000))
# shellcheck disable=SC2046 # the flags file is a command line
(cd "$TOP" && $(cat "$BUILD/flags") -o "$WORK/roots" tests/oracle/roots.c -Wl,--start-group \
	"$BUILD/libstore.a" "$BUILD/libtrust.a" "$BUILD/libcommon.a" -Wl,--end-group \
	-ljansson -lyaml -llmdb -lcrypto -lm) || skip_all "no compiler to build what draws records"

# A root by hand: leaf = SHA-256(00 | 00000001 | 'a' | 0000000000000001 | 'b'), of one record the root.
leaf=$(printf '\0\0\0\0\1a\0\0\0\0\0\0\0\1b' | sha256sum | cut -d' ' -f1)
is "Python's side has the root of one record" \
	"$(echo "61=62; $leaf" | python3 "$TOP/tests/oracle/roots.py")" \
	"1 sets and 0 artifacts, 0 others than expected"
check "$n sets are of one root in every way to find it (seed $seed)" bash -o pipefail -c \
	"./roots $seed $n $each | python3 '$TOP/tests/oracle/roots.py' >said"
is "... and it is the one that Python finds" "$(cat said)" \
	"$n sets and $(((n + each - 1) / each)) artifacts, 0 others than expected"
tap_done
