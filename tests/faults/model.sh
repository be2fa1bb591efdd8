#!/usr/bin/env bash
# A random walk of TRIALS steps (SEED repeats one) over three stores, each with two runs, and one remote:
# stages that hit, take from the remote or run, push, pull, give, gc with other grace times, forget, pins,
# files that get lost, days that pass; every fifth two or three at once. After each step what is there is what
# a reference model (tests/faults/model/expect.c) says.
. "$(dirname "$0")/../tap.sh"
steps=${TRIALS:-600} seed=${SEED:-$RANDOM}
# shellcheck disable=SC2046 # the flags file is a command line
(cd "$TOP" && $(cat "$BUILD/flags") -o "$WORK/model" tests/faults/model/*.c -Wl,--start-group \
	"$BUILD/libremote.a" "$BUILD/libstore.a" "$BUILD/libtrust.a" "$BUILD/libcommon.a" -Wl,--end-group \
	-ljansson -lyaml -llmdb -lcrypto -lcurl -lzstd -ldl -lm) || skip_all "no compiler to build the walk"
ln -s "$BIN/remote" remote
if EINTHOVEN_QUIET=1 ./model "$steps" "$seed" >told 2>&1; then
	ok "$(head -1 told): all is as the model says (seed $seed)"
	sed '1d; s/^/# /' told
	# Of few steps a kind may have none.
	[ "$steps" -lt 2000 ] || is "... each kind but gc's list changed something" \
		"$(sed -n 's/: [0-9]*, 0 changed.*//p' told)" "gc list"
else
	not_ok "$steps steps (seed $seed): all is as the model says"
	cat told log | sed 's/^/# /' | tail -40
fi
tap_done
