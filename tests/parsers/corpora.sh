#!/usr/bin/env bash
# Every fuzz corpus replays without a crash. Under ASan and UBSan (make check) that is a real claim.
. "$(dirname "$0")/../tap.sh"
for source in "$TOP"/tests/fuzz/*.c; do
	name=$(basename "$source" .c)
	[ "$name" = replay ] || check "corpus of $name replays" "$BUILD/fuzz/$name" \
		"$TOP/tests/fuzz/corpus/$name"
done
tap_done
