#!/usr/bin/env bash
# Do synthetic records rank methods as real ones do? Each setting of params/studies/ranking.yaml is trained on
# 500 synthetic records and judged on 500 others, by probes that test each fold in turn; random convolutions,
# the same as wide, the untrained encoder and log-std are ranked with them. Prints the macro AUROCs beside
# those of real records and Spearman's correlation.
#
#	make -f pipeline.mk study STUDY=params/studies/ranking.yaml SET="fetch.source=ptb-xl-500.zip"
#	bench/ranking.sh build/runs/study-ranking/study/study.csv fitted morphology
#
# SETTINGS="ntxent exemplars": of the study's only these; the first must be ntxent, whose floors are taken.
set -eu
cd "$(dirname "$0")/.."
: "${B:=build}" "${STUDY:=params/studies/ranking.yaml}" "${PARAMS:=params/ptbxl-small.yaml}" "${SETTINGS:=}"
real=$1
shift
work=$B/runs/ranking
mkdir -p "$work"
sections=$(cd "$B/schema" && echo *.json)
# shellcheck disable=SC2086
"$B/bin/params" --out "$work" --study "$STUDY" --schemas "$B/schema" "$PARAMS" ${sections//.json/}

quietly() { make --no-print-directory -f pipeline.mk B="$B" PARAMS="$PARAMS" "$@" >&2; }

# row TABLE NAME: the macro AUROC at the end of the row that begins so
row() { awk -v name="$2" 'index($0, name "  ") == 1 { print $NF; exit }' "$1"; }

for generator in "$@"; do
	data="fetch.source=synthetic fetch.records=500 fetch.generator=$generator"
	while IFS=$'\t' read -r cell set; do
		name=${cell%@*} run=ranking-$generator-${cell%@*}
		[[ $cell == *@1-1 && (-z $SETTINGS || " $SETTINGS " == *" $name "*) ]] || continue
		own=$(tr ' ' '\n' <<<"$set" | grep -E '^(views|pretrain)\.' | tr '\n' ' ')
		quietly RUN="$run" SET="$data $own" pretrain
		floors=$([ "$name" = ntxent ] || echo embed.convolutions=0)
		quietly RUN="$run-judged" MODEL="$run" probe SET="$data fetch.seed=2 probe.labels=multi
			probe.evaluation=cross probe.bootstrap=0 embed.attention_records=0 $floors
			$(tr ' ' '\n' <<<"$own" | grep '^views\.' | tr '\n' ' ')"
		table=$B/runs/$run-judged/probe.txt
		printf '%s %s %s\n' "$generator" "$name" "$(row "$table" trained)"
		[ "$name" = ntxent ] || continue
		printf '%s convolutions %s\n' "$generator" "$(row "$table" "random convolutions")"
		printf '%s as-wide %s\n' "$generator" "$(row "$table" "convolutions, as wide")"
		printf '%s untrained %s\n' "$generator" "$(row "$table" random-initialised)"
		printf '%s log-std %s\n' "$generator" "$(row "$table" "log-std only")"
	done <"$work/cells"
done >"$work/values"

bench/ranking.awk "$real" "$work/values"
