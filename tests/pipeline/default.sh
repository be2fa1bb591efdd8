#!/usr/bin/env bash
# The README's first command learns something: the trained encoder beats its floors by more than the
# bootstrap's standard error, and the loss falls well below that of an encoder that tells nothing apart.
# Fine-tuning learns more than its probe.
# tests/run: long
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/pipeline.sh"
cd "$TOP" || exit 1
R=$BUILD/runs/test-default
rm -rf "$R"
tap_cleanup="rm -rf '$R'"
start=$SECONDS
# shellcheck disable=SC2086 # several words
check "make -f pipeline.mk probe" \
	make --no-print-directory -f pipeline.mk B="$BUILD" $choices RUN=test-default probe
cp "$WORK/.check" "$WORK/log"
echo "# $((SECONDS - start)) s after the build"
sed 's/^/# /' "$R/probe.txt"

# The README shows this run: its table and, below it, its id.
sed -n '/^Linear probe on frozen encoders/,/^```/p' README.md | sed '$d' >"$WORK/readme"
check "the README has its table" diff "$WORK/readme" "$R/probe.txt"
check "... and its id" grep -q "probe.id. prints .$(cat "$R/probe.id")" README.md

# The paired difference of macro AUROC and its standard error stand last in their row.
beats() {
	awk -v floor="$1" \
		'index($0, "over " floor) == 1 { n = split($0, part, " se "); split(part[n], se, " ")
		m = split(part[n - 1], before, " "); found = before[m] + 0 > se[1] + 0 }
		END { exit !found }' "$R/probe.txt"
}
check "training beats the random-initialised encoder by more than a standard error" beats random-initialised
check "... and the log-std floor" beats log-std
check "... and the majority class" beats majority
last=$(grep -oE 'epoch ([0-9]+)/\1 +loss [0-9.]+ \(ln candidates [0-9.]+' "$WORK/log" | tail -1 |
	grep -oE '[0-9.]+' | tr '\n' ' ')
echo "# last epoch: $last"
# shellcheck disable=SC2086 # epoch epochs loss uniform
check "the loss ends 1.0 or more under that of an encoder that tells nothing apart" \
	awk -v "l=$last" 'BEGIN { n = split(l, x, " "); exit !(n > 3 && x[n] - x[3] >= 1) }'

# shellcheck disable=SC2086 # several words
check "make -f pipeline.mk finetune, any number of classes per record" \
	make --no-print-directory -f pipeline.mk B="$BUILD" $choices \
	RUN=test-default SET=probe.labels=multi finetune
sed 's/^/# /' "$R/finetune.txt"
low=$(sed -nE 's/^over linear probe .*\[([-+0-9.]+), [^]]*\]$/\1/p' "$R/finetune.txt")
check "fine-tuning beats its probe: the interval of the macro AUROC gained excludes 0 (from ${low:-?})" \
	awk -v "low=${low:-0}" \
	'BEGIN { exit !(low + 0 > 0) }'
tap_done
