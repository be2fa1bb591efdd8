#!/usr/bin/env bash
# make bench-io: what is not training. Reading and preprocessing PTB-XL's records beside wfdb + SciPy,
# the probe's fits beside scikit-learn, in turn, and what a make with nothing to do costs. Medians
# (ranges) of ROUNDS (3).
# PARTS="read probe noop": some of them. DATA: a zip of PTB-XL's layout. PYTHON: an interpreter that has wfdb,
# SciPy and scikit-learn; without, ours alone.
set -eu
cd "$(dirname "$0")/.."
: "${PYTHON:=python3}" "${ROUNDS:=3}" "${DATA:=../shared/data/ptb-xl-500.zip}" "${B:=build}" \
	"${RECORDS:=1500}" "${FEATURES:=200}" "${PARTS:=read probe noop}"
export EINTHOVEN_THREADS="${THREADS:-${EINTHOVEN_THREADS:-2}}" EINTHOVEN_QUIET=1
threads=$EINTHOVEN_THREADS
export OMP_NUM_THREADS=$threads OPENBLAS_NUM_THREADS=$threads
work=$(mktemp -d)
run=bench-io-$$
trap 'rm -rf "$work" "$B/runs/$run"' EXIT
export EINTHOVEN_STORE=$work/store
peer=$($PYTHON -c 'import wfdb, scipy, sklearn
print("wfdb", wfdb.__version__, "SciPy", scipy.__version__, "scikit-learn", sklearn.__version__)' \
	2>/dev/null) || peer=
echo "$threads threads; median (range) of $ROUNDS rounds;" \
	"peer: ${peer:-none, for $PYTHON cannot import wfdb, scipy and sklearn}"

timed() { # timed COMMAND...: "wall cpu" in seconds
	local TIMEFORMAT='%R %U %S'
	{ time "$@" >"$work/out" 2>&1; } 2>"$work/time" || { cat "$work/out" >&2; exit 1; }
	awk '{print $1, $2 + $3}' "$work/time"
}
median() { # median FILE COLUMN
	awk -v c="$2" '{print $c}' "$1" | sort -g |
		awk '{a[NR] = $1} END {printf "%.3g (%.3g-%.3g)", a[int((NR + 1) / 2)], a[1], a[NR]}'
}
row() { # row LABEL OURS THEIRS: files of lines "wall cpu"
	printf '%-42s %20s %20s' "$1" "$(median "$2" 1)" "$(median "$2" 2)"
	[ ! -s "$3" ] || printf ' %20s %20s %6s' "$(median "$3" 1)" "$(median "$3" 2)" \
		"$(awk -v ours="$(median "$2" 1)" -v theirs="$(median "$3" 1)" \
		'BEGIN {printf "%.1f", theirs / ours}')"
	echo
}
pipeline() {
	make --no-print-directory -f pipeline.mk B="$B" RUN="$run" PARAMS=params/ptbxl.yaml "$@"
}
# ours_reads SOURCE HZ: fetch and preprocess with an empty store; the binaries and slices are there
ours_reads() {
	rm -rf "$EINTHOVEN_STORE" "$B/runs/$run"
	pipeline SET="fetch.source=$1 fetch.rate_hz=$2" "$B/runs/$run/params.stamp" >/dev/null 2>&1
	timed sh -c "'$B/bin/fetch' --build '$B/runs/$run' && '$B/bin/preprocess' --build '$B/runs/$run'"
}

wanted() {
	case " $PARTS " in *" $1 "*) ;; *) return 1 ;; esac
}
heading() {
	printf '%-42s %20s %20s' "$1" 'wall, s' 'CPU, s'
	[ -z "$peer" ] || printf ' %20s %20s %6s' 'peer: wall, s' 'CPU, s' ratio
	echo
}
peer_reads() { # peer_reads PLACE lr|hr PROCESSES
	rm -rf "$work/unpacked"
	[ -z "$peer" ] || $PYTHON bench/io.py read "$1" "$2" "$3" "$work"
}
if [ -r "$DATA" ] && wanted read; then
	unzip -q "$DATA" -d "$work/folder"
	folder=$(dirname "$(find "$work/folder" -name ptbxl_database.csv)")
	n=$(($(wc -l <"$folder/ptbxl_database.csv") - 1))
	heading "$n records of 10 s to 100 Hz, filtered"
	for rate in 100 500; do
		column=$([ $rate = 100 ] && echo lr || echo hr)
		for _ in $(seq "$ROUNDS"); do
			ours_reads "$DATA" $rate >>"$work/zip$rate"
			peer_reads "$DATA" "$column" 1 >>"$work/zip$rate.one"
			peer_reads "$DATA" "$column" "$threads" >>"$work/zip$rate.all"
			ours_reads "$folder" $rate >>"$work/folder$rate"
			peer_reads "$folder" "$column" 1 >>"$work/folder$rate.one"
		done
		row "zip, $rate Hz; peer: one process" "$work/zip$rate" "$work/zip$rate.one"
		row "zip, $rate Hz; peer: $threads processes" "$work/zip$rate" "$work/zip$rate.all"
		row "folder, $rate Hz; peer: one process" "$work/folder$rate" "$work/folder$rate.one"
	done
elif wanted read; then
	echo "reading skipped: $DATA is not there (DATA=...)"
fi

grid=$(awk 'BEGIN {for (k = -10; k <= 4; k++) printf " %.10g", 10 ^ (k / 2)}')
! wanted probe || [ -z "$peer" ] || heading "probe, $RECORDS x $FEATURES, 5 classes, 15 C"
for kind in single multi; do
	if ! wanted probe || [ -z "$peer" ]; then break; fi
	$PYTHON bench/io.py data "$work" "$RECORDS" "$FEATURES" 5 $kind 1
	for peers in "lbfgs 1e-4" "lbfgs 1e-7" "newton-cholesky 1e-6"; do
		: >"$work/ours"
		: >"$work/theirs"
		for _ in $(seq "$ROUNDS"); do
			# shellcheck disable=SC2086 # several words
			"$B/bin/bench-probe" "$work" "$RECORDS" "$FEATURES" 5 $kind $grid >"$work/a"
			# shellcheck disable=SC2086
			$PYTHON bench/io.py probe "$work" "$RECORDS" "$FEATURES" 5 $kind $peers $grid \
				>"$work/b"
			awk '{print $(NF - 1), $NF}' "$work/a" >>"$work/ours"
			awk '{print $(NF - 1), $NF}' "$work/b" >>"$work/theirs"
		done
		row "$kind; peer: $peers" "$work/ours" "$work/theirs"
		paste -d' ' "$work/a" "$work/b" |
			awk '{n = NF / 2; for (i = 1; i <= n - 2; i++) {d = ($i - $(i + n)) / $(i + n);
			if (i == 1 || d > most) most = d; if (i == 1 || d < least) least = d}
			printf "    our objective minus its, relative, over all C: %.1e to %.1e\n",
				least, most}'
	done
done

if wanted noop; then
	peer=
	heading 'with nothing to do'
	set -- PARAMS=params/default.yaml SET="fetch.records=200 pretrain.epochs=1 probe.bootstrap=20" probe
	pipeline "$@" >/dev/null 2>&1
	for _ in $(seq 20); do
		timed pipeline "$@" >>"$work/noop"
		timed "$B/bin/preprocess" --build "$B/runs/$run" >>"$work/hit"
	done
	row "make of probe" "$work/noop" /dev/null
	row "a stage's cache hit (preprocess)" "$work/hit" /dev/null
fi
