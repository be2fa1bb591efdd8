#!/usr/bin/env bash
# Clocks that jump: a process two years back or ahead (libfaketime), files from the future, equal times. A
# result is never stale, and gc keeps what runs need; at most something is looked at once more.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/pipeline.sh"
. "$TOP/tests/faults.sh"
tap_needs make
tree_of_stubs
fake=$(find /usr/lib -path "*/faketime/libfaketime.so.1" 2>/dev/null | head -1)
at() { # at OFFSET COMMAND...: with the clock moved
	local offset=$1
	shift
	FAKETIME=$offset FAKETIME_DONT_FAKE_MONOTONIC=1 LD_PRELOAD=$fake "$@"
}

outcome probe >/dev/null
all=$(ids default)
is "a second make starts nothing" "$(outcome probe)" ""

# ---- files from the future ----
touch -d '+2 years' params/default.yaml
started=$(outcome probe)
is "params from the future are looked at, no stage runs" "${started//split/}" ""
is "... each time" "$(outcome probe | tr -d ' ')" "$(tr -d ' ' <<<"$started")"
printf 'pretrain:\n  n: 3\n' >params/default.yaml
touch -d '+2 years' params/default.yaml
is "... and what they say now is what runs" "$(outcome probe)" "split pretrain:ran embed:ran probe:ran"
printf 'pretrain:\n  n: 2\n' >params/default.yaml
is "... set right, with a time of now, at once" "$(outcome probe)" "split pretrain:hit embed:hit probe:hit"
is "... to the same ids" "$(ids default)" "$all"
is "... and then nothing starts" "$(outcome probe)" ""

touch -d '+2 years' build/runs/default/pretrain.id
outcome probe >/dev/null
is "an id from the future: what reads it hits" "$(sed 's/[a-z]*:hit//g; s/ //g' <<<"$(outcome probe)")" ""
is "... the same ids" "$(ids default)" "$all"
touch build/runs/default/pretrain.id
outcome probe >/dev/null
is "... set right, nothing starts" "$(outcome probe)" ""

find build/runs -type f -exec touch -d '2020-01-01' {} +
is "all of one time: nothing runs" "$(sed 's/[a-z]*:hit//g; s/split//; s/ //g' <<<"$(outcome probe)")" ""
printf 'pretrain:\n  n: 4\n' >params/default.yaml
is "... but a change does" "$(outcome probe)" "split pretrain:ran embed:ran probe:ran"

# ---- a process whose clock is wrong ----
if [ -n "$fake" ] && at '-2y' true && ! grep -q fsanitize "$BUILD/flags"; then
	printf 'pretrain:\n  n: 5\n' >params/default.yaml
	for offset in -2y +2y; do
		rm -rf "$WORK/store" build/runs
		export FAKETIME=$offset FAKETIME_DONT_FAKE_MONOTONIC=1
		LD_PRELOAD=$fake outcome probe >/dev/null
		unset FAKETIME
		[ -z "${jumped:-}" ] || is "the same ids by a clock at $offset" "$(ids default)" "$jumped"
		jumped=$(ids default)
		is "what was made by a clock at $offset is there by the right one" \
			"$(sed 's/[a-z]*:hit//g; s/split//; s/ //g' <<<"$(outcome probe)")" ""
		at $offset "$BIN/store" gc --delete --grace-days 0 --runs build/runs >log 2>&1
		is "... gc by the wrong clock keeps what the run needs" \
			"$(sed 's/[a-z]*:hit//g; s/split//; s/ //g' <<<"$(outcome probe)")" ""
		check "... and all is sound" "$BIN/store" verify
	done
else
	skip "a process two years off" "libfaketime is not installed"
fi
tap_done
