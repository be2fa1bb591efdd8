#!/usr/bin/env bash
# make bench-memory: the most anonymous memory (heap and stacks; LMDB's map is a file and does not count) that
# each stage has, by number of records, and its slope in bytes per record from the last size but one to the
# last. Records of two seconds in PTB-XL's layout (bench/records.c) and settings that do little work, for what
# counts is what grows.
# SIZES="2000 8000 20000"; ROWS="folder zip synthetic chain finetune": some of them; THREADS (2); KEEP=FOLDER:
# leave the store there.
set -eu
cd "$(dirname "$0")/.."
: "${B:=build}" "${SIZES:=2000 8000 20000}" "${ROWS:=folder zip synthetic chain finetune}"
work=${KEEP:-$(mktemp -d "${TMPDIR:-/tmp}/bench-memory.XXXXXX")}
mkdir -p "$work"
work=$(cd "$work" && pwd)
runs=()
tidy() {
	[ -n "${KEEP:-}" ] || rm -rf "$work"
	for run in "${runs[@]}"; do rm -rf "$B/runs/$run"; done
}
trap tidy EXIT
trap 'exit 130' INT TERM
export EINTHOVEN_STORE=$work/store EINTHOVEN_QUIET=1 EINTHOVEN_THREADS="${THREADS:-${EINTHOVEN_THREADS:-2}}"

wanted() {
	case " $ROWS " in *" $1 "*) ;; *) return 1 ;; esac
}
# pipeline ROW SOURCE RECORDS GOAL: what each stage had goes to $work/ROW.$n, a line per process.
pipeline() {
	local row=$1 goal=$4 stage launch=()
	local set="fetch.source=$2 fetch.records=$3 preprocess.duration_s=2 views.segment_s=1"
	set="$set pretrain.epochs=1 pretrain.min_steps=1 pretrain.batch=128 finetune.epochs=1"
	set="$set probe.c_steps=3 probe.bootstrap=20 evaluate.bootstrap=20 evaluate.map_steps=50"
	for stage in fetch preprocess views pretrain embed probe finetune evaluate report; do
		launch+=("LAUNCH_$stage=$B/bin/bench-anonymous $work/$row.$n")
	done
	runs+=("bench-memory-$row-$$")
	make --no-print-directory -f pipeline.mk B="$B" RUN="bench-memory-$row-$$" \
		PARAMS=params/default.yaml ARMS=halves "${launch[@]}" \
		SET="${set//$'\n'/}" "$goal" >"$work/log" 2>&1 || { tail -5 "$work/log" >&2; exit 1; }
}
measure() { # for $n records
	local data=$work/data
	rm -rf "$data" "$EINTHOVEN_STORE" "$work"/*."$n"
	"$B/bin/bench-records" "$data" "$n"
	(cd "$data" && find . -type f | sed 's#^\./##' | LC_ALL=C sort | xargs sha256sum >../sums &&
		mv ../sums SHA256SUMS.txt)
	if wanted zip; then
		rm -f "$data.zip"
		(cd "$data" && zip -q -1 -r ../data.zip .)
		pipeline zip "$data.zip" 0 fetch
		rm -rf "$EINTHOVEN_STORE" "$data.zip" # else the folder's fetch would be a hit
	fi
	! wanted folder || pipeline folder "$data" 0 fetch
	! wanted chain || pipeline chain "$data" 0 report
	! wanted finetune || pipeline finetune "$data" 0 finetune
	rm -rf "$data"
	! wanted synthetic || pipeline synthetic synthetic "$n" fetch
}
# line LABEL ROW STAGE: of the table; nothing if the stage did not run there.
line() {
	local n kb=() most
	for n in $SIZES; do
		most=$(awk -v stage="$3" '$1 == stage && $2 > most {most = $2} END {print most + 0}' \
			"$work/$2.$n" 2>/dev/null || echo 0)
		kb+=("$most")
	done
	[ "${kb[0]}" != 0 ] || return 0
	awk -v label="$1" -v kb="${kb[*]}" -v sizes="$SIZES" 'BEGIN {
		n = split(kb, x, " "); split(sizes, size, " ")
		printf "%-22s", label
		for (i = 1; i <= n; i++) printf " %9.1f", x[i] / 1024
		if (n > 1) printf " %9.0f", (x[n] - x[n - 1]) * 1024 / (size[n] - size[n - 1])
		print ""
	}'
}

for n in $SIZES; do
	measure
done
echo "most anonymous memory in MB, $EINTHOVEN_THREADS threads;" \
	"slope: bytes per record between the last two sizes"
# shellcheck disable=SC2086 # sizes are words
{ printf '%-22s' records && printf ' %9s' $SIZES slope && echo; }
for row in folder zip synthetic; do line "fetch, $row" $row fetch; done
for stage in preprocess views pretrain embed probe; do line $stage chain $stage; done
line finetune finetune finetune
for stage in evaluate report; do line $stage chain $stage; done
