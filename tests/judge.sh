# shellcheck shell=bash
# Tests of what is made of embeddings source this after tap.sh: probe, evaluate and report of cases that
# tests/stages/embeddings.c makes, no stage before them.
#
#	judge RUN RECORDS CASE...      # each case is an arm; RUN/table, RUN/report/index.html

# shellcheck disable=SC2046 # the flags file is a command line
(cd "$TOP" && $(cat "$BUILD/flags") -o "$WORK/embeddings" tests/stages/embeddings.c -Wl,--start-group \
	"$BUILD/libstore.a" \
	"$BUILD/libecg.a" "$BUILD/libnumbers.a" "$BUILD/libcommon.a" -Wl,--end-group -ljansson -lyaml -llmdb \
	-lcrypto -lm) ||
	skip_all "no compiler to build the test's input"

# judge RUN RECORDS CASE...: probe of each case, then evaluate and report of all. An arm called
# broken has no artifacts.
judge() {
	local run=$1 records=$2 arm
	shift 2
	mkdir -p "$run"
	for arm in "$@"; do
		echo "$arm/embeddings $run/$arm/embed.id"
		echo "$arm/scores $run/$arm/probe.id"
	done >"$run/evaluate.inputs"
	cp "$run/evaluate.inputs" "$run/report.inputs"
	for arm in . "$@"; do
		"$BIN/params" --out "$run/$arm" --schemas "$BUILD/schema" --set \
			"probe.evaluation=${EVALUATION:-folds} probe.c_steps=2 probe.bootstrap=20 evaluate.bootstrap=40 evaluate.map_steps=260" \
			"$TOP/params/default.yaml" fetch preprocess views pretrain embed probe finetune \
			evaluate report || return
	done
	for arm in "$@"; do
		[ "$arm" != broken ] || continue
		./embeddings "$arm" "$records" >"$run/$arm/embed.id" &&
			"$BIN/probe" --build "$run/$arm" >"$run/$arm/table" || return
	done
	"$BIN/evaluate" --build "$run" >"$run/table" && "$BIN/report" --build "$run" >"$run/path"
}
