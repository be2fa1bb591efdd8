#!/usr/bin/env bash
# make bench-evaluate: wall and CPU seconds of probe and evaluate on embeddings that are made up
# (tests/stages/embeddings.c), as many and as wide as PTB-XL's by the encoder `small`, with two arms; below
# each, where perf is installed, the functions that take most of the time.
# RECORDS (21799), WIDTH (384), MAP_RECORDS (1000: evaluate.map_records).
set -eu
cd "$(dirname "$0")/.."
: "${B:=build}" "${RECORDS:=21799}" "${WIDTH:=384}" "${MAP_RECORDS:=1000}"
work=$(mktemp -d "${TMPDIR:-/tmp}/bench-evaluate.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
export EINTHOVEN_STORE=$work/store EINTHOVEN_QUIET=1
export EINTHOVEN_KEY='' EINTHOVEN_TRUST='' EINTHOVEN_REMOTE=none

# shellcheck disable=SC2046 # the flags file is a command line
$(cat "$B/flags") -DWIDTH="$WIDTH" -o "$work/embeddings" tests/stages/embeddings.c -Wl,--start-group \
	"$B"/lib{store,ecg,numbers,common}.a -Wl,--end-group -ljansson -lyaml -llmdb -lcrypto -lm

# timed STAGE FOLDER: seconds it took, and where.
timed() {
	local TIMEFORMAT="$1: %1R s, %1U s of CPU" record=()
	! perf --version >/dev/null 2>&1 || record=(perf record -q -o "$work/perf")
	time "${record[@]}" "$B/bin/$1" --build "$2" >/dev/null 2>"$work/err" ||
		{ cat "$work/err" >&2; exit 1; }
	[ ${#record[@]} = 0 ] || perf report -q -i "$work/perf" --no-children --percent-limit 3 \
		--sort symbol 2>/dev/null | awk 'NF > 2 { print "\t" $1, $3 }'
}

run=$work/run
mkdir -p "$run"
for arm in plain constant_feature; do
	echo "$arm/embeddings $run/$arm/embed.id"
	echo "$arm/scores $run/$arm/probe.id"
done >"$run/evaluate.inputs"
for folder in "$run" "$run/plain" "$run/constant_feature"; do
	"$B/bin/params" --out "$folder" --schemas "$B/schema" --set "evaluate.map_records=$MAP_RECORDS" \
		params/default.yaml fetch preprocess views pretrain embed probe finetune evaluate report
done
echo "$RECORDS records, embeddings of $WIDTH, $(nproc) cores"
for arm in plain constant_feature; do
	"$work/embeddings" $arm "$RECORDS" >"$run/$arm/embed.id"
	timed probe "$run/$arm"
done
timed evaluate "$run"
