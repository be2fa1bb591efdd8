#!/bin/sh
# One cell of a study, a run of its own (docs/study.md). One that fails does not stop the others: why is in
# its folder, and stage study is told.
#
#	MAKE=make tools/cell.sh build/runs/study-default tiny@1-3 RUN=study-default/arms/tiny@1-3 [PARAMS=...]
#
# Says how far the study is and, by the cells that were computed since make began, how long the rest may take;
# what the stages say is in the cell's folder, log.
run=$1 cell=$2
shift 2
folder=$run/arms/$cell
if ! cut -f 1 "$run/cells" | grep -qxF -e "$cell"; then
	echo "CELL=$cell: no such cell; $run/cells lists them" >&2
	exit 2
fi
mkdir -p "$folder"
set=$(awk -F '\t' -v cell="$cell" '$1 == cell { print substr($0, length(cell) + 2) }' "$run/cells")
n=$(wc -l <"$run/cells")
trap 'exit 130' INT

began=$(date +%s)
EINTHOVEN_ARM="study: $cell" $MAKE --no-print-directory -f pipeline.mk probe "$@" STUDY= SET="$set" \
	>/dev/null 2>"$folder/log"
status=$?
ended=$(date +%s)

if [ $status = 0 ]; then
	rm -f "$folder/cell.failed"
	outcome=$(awk '/^trained / { print "macro AUROC " $NF; exit }' "$folder/probe.txt")
else
	# What is left of a run before says nothing of this one.
	rm -f "$folder"/*.id "$folder"/*.stamp
	outcome='stopped	it ended without a message'
	for stage in fetch preprocess views pretrain embed probe; do
		[ -e "$folder/$stage.failed" ] || continue
		read -r message <"$folder/$stage.failed"
		outcome="$stage	$message"
		break
	done
	[ "${outcome%%	*}" != stopped ] || tail -n 3 "$folder/log" >&2
	printf '%s\n' "$outcome" >"$folder/cell.failed"
fi

echo $((ended - began)) >>"$run/pace"
awk -v n="$n" -v cell="$cell" -v outcome="$outcome" -v s=$((ended - began)) -v now="$ended" \
	-v began="$(cat "$run/began")" '$1 > 0 { computed++ }
	END { gsub(/\t/, ": ", outcome)
		printf "study: %d of %d cells, %s: %s", NR, n, cell, outcome
		if (s > 0) printf ", %d s", s
		left = computed ? (now - began) / computed * (n - NR) : 0
		if (left >= 60) printf "; at most %d min to go", left / 60 + 1
		printf "\n" }' "$run/pace" >&2
exit 0
