# shellcheck shell=bash
# Tests of evaluate and report source this after tap.sh: a small comparison without Make, as
# pipeline.mk lays it out.
#
#	compare RUN ARM...      # the chain of each arm of params/arms, then evaluate, report; stderr: RUN/log
#
# NAME@2 is NAME with seed 2, and an arm with a section finetune is judged by that, as in pipeline.mk.
# An arm called broken has no artifacts, as if its stages had failed.
EXTRA=${EXTRA:-}
small="fetch.records=300 pretrain.epochs=1 pretrain.d_model=32 pretrain.projector_hidden=16 probe.c_steps=3"
small="$small probe.evaluation=folds probe.bootstrap=20 evaluate.bootstrap=50 evaluate.map_steps=260 \
	finetune.epochs=2 finetune.bootstrap=20 $EXTRA"
all_stages='fetch preprocess views pretrain embed probe finetune evaluate report'

file_of() { echo "$TOP/params/arms/${1%@*}.yaml"; }
judge_of() { if grep -q '^finetune:' "$(file_of "$1")" 2>/dev/null; then echo finetune; else echo probe; fi; }
is_scratch() { grep -q 'from: scratch' "$(file_of "$1")" 2>/dev/null; }
seed_of() { case $1 in *@*) echo \
	"pretrain.seed=${1#*@} finetune.seed=${1#*@} finetune.label_draw=${1#*@}" ;; esac }

compare() { # compare RUN ARM...
	local run=$1 arm stage
	shift
	compare_lists "$run" "$@"
	for arm in "$@"; do
		[ "$arm" != broken ] || continue
		mkdir -p "$run/arms/$arm"
		# shellcheck disable=SC2086
		"$BIN/params" --out "$run/arms/$arm" --over "$(file_of "$arm")" --schemas "$BUILD/schema" \
			--set "$small $(seed_of "$arm")" "$TOP/params/default.yaml" $all_stages \
			2>>"$run/log" || return
		for stage in fetch preprocess views pretrain embed probe finetune; do
			[ $stage != finetune ] || [ "$(judge_of "$arm")" = finetune ] || continue
			case $stage in pretrain | embed | probe) ! is_scratch "$arm" || continue ;; esac
			"$BIN/$stage" --build "$run/arms/$arm" >/dev/null 2>>"$run/log" || return
		done
	done
	compare_again "$run"
}

compare_lists() { # compare_lists RUN ARM...: what evaluate and report read
	local run=$1 arm
	shift
	mkdir -p "$run"
	for arm in "$@"; do
		printf '%s\n' "$arm/signals $run/arms/$arm/preprocess.id" "$arm/views $run/arms/$arm/views.id"
		is_scratch "$arm" || printf '%s\n' "$arm/model $run/arms/$arm/pretrain.id" \
			"$arm/embeddings $run/arms/$arm/embed.id"
		echo "$arm/scores $run/arms/$arm/$(judge_of "$arm").id"
	done >"$run/evaluate.inputs"
	cp "$run/evaluate.inputs" "$run/report.inputs"
}

compare_again() { # compare_again RUN: evaluate and report with the lists there are
	# shellcheck disable=SC2086
	"$BIN/params" --out "$1" --schemas "$BUILD/schema" --set "$small" "$TOP/params/default.yaml" \
		$all_stages 2>>"$1/log" &&
		"$BIN/evaluate" --build "$1" >"$1/table" 2>>"$1/log" &&
		"$BIN/report" --build "$1" >"$1/path" 2>>"$1/log"
}
