# shellcheck shell=bash disable=SC2119,SC2120
# Shell tests of the stage runner source this after tap.sh: builds the stages of tests/stages/tiny.c
# with the build's own flags and libraries into $WORK, as ./tiny and ./twice, with complete slices for
# a run folder ./run.

tiny_build() { # tiny_build OUTPUT [FLAG...]
	local output=$1
	shift
	# shellcheck disable=SC2046 # the flags file is a command line
	(cd "$TOP" && $(cat "$BUILD/flags") "$@" -o "$output" tests/stages/tiny.c -Wl,--start-group \
		"$BUILD/libstore.a" "$BUILD/libtrust.a" "$BUILD/libcommon.a" -Wl,--end-group \
		-ljansson -lyaml -llmdb -lcrypto -lm)
}

tiny_params() { # tiny_params [name=value...]: the slice of tiny, others by default
	local count=100 value_bytes=8 divisor=1 rate=0.1 gate='' save=''
	[ $# = 0 ] || local "$@"
	mkdir -p "${RUN:-run}/params"
	printf '{"count":%s,"divisor":%s,"gate":"%s","rate":%s,"save":"%s","value_bytes":%s}\n' "$count" \
		"$divisor" "$gate" \
		"$rate" "$save" "$value_bytes" >"${RUN:-run}/params/tiny.json"
}

twice_params() { # twice_params OFFSET
	mkdir -p "${RUN:-run}/params"
	printf '{"offset":%s}\n' "$1" >"${RUN:-run}/params/twice.json"
}

# Each run (not hit) of tiny adds one byte to this file.
export TINY_LOG=$WORK/runs.log
runs() {
	if [ -e "$TINY_LOG" ]; then wc -c <"$TINY_LOG" | tr -d ' '; else echo 0; fi
}

# What is left of work that should be gone.
left_over() {
	find "$EINTHOVEN_STORE/tmp" "$EINTHOVEN_STORE/locks" "$EINTHOVEN_STORE/checkpoints" -type f \
		2>/dev/null | wc -l | tr -d ' '
}

tiny_build "$WORK/tiny" && tiny_build "$WORK/twice" -DTWICE ||
	skip_all "no compiler to build the test's stages"
tiny_params
twice_params 0
