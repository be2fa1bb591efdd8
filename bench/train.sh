#!/usr/bin/env bash
# make bench-train: our pretraining and PyTorch's in turn, each in a process of its own, because the machine's speed drifts.
# Prints medians of ROUNDS (3) rounds of STEPS (4) steps; THREADS (EINTHOVEN_THREADS, or 2) for both. PYTHON is an
# interpreter that has PyTorch. Debian's PyTorch uses OpenBLAS, which knows some CPUs not and then takes slow kernels:
# OPENBLAS_CORETYPE is set to SkylakeX where the CPU has AVX-512, unless it is set already.
set -eu
cd "$(dirname "$0")/.."
: "${PYTHON:=python3}" "${ROUNDS:=3}" "${STEPS:=4}" "${BATCH:=128}" "${LEAD_MASK:=0.5}"
threads=${THREADS:-${EINTHOVEN_THREADS:-2}}
results=$(mktemp)
trap 'rm -f "$results"' EXIT
if grep -q avx512dq /proc/cpuinfo; then
	export OPENBLAS_CORETYPE="${OPENBLAS_CORETYPE:-SkylakeX}"
fi
peer=$($PYTHON -c 'import numpy, torch; print(torch.__version__)' 2>/dev/null) || peer=
[ -n "$peer" ] || echo "PyTorch skipped: '$PYTHON' cannot import torch and numpy; PYTHON=... names another interpreter"

options=(--steps "$STEPS" --batch "$BATCH" --lead-mask "$LEAD_MASK")
for _ in $(seq "$ROUNDS"); do
	EINTHOVEN_THREADS=$threads "${B:-build}/bin/bench-train" "${options[@]}" >>"$results"
	[ -z "$peer" ] || $PYTHON bench/train.py "${options[@]}" --threads "$threads" >>"$results"
done

median() { # median NAME COLUMN
	awk -v name="$1" -v c="$2" '$1 == name {print $c}' "$results" | sort -g | awk '{a[NR] = $1} END {print a[int((NR + 1) / 2)]}'
}
range() {
	awk -v name="$1" -v c="$2" '$1 == name {print $c}' "$results" | sort -g | sed -n '1p;$p' | paste -sd-
}
echo "model small, halves of 10 s at 100 Hz, batch $BATCH, float32, $threads threads, lead mask $LEAD_MASK; median (range) of $ROUNDS rounds of $STEPS steps"
row() { # row LABEL COLUMN RATIO
	ours=$(median einthoven "$2")
	printf '%-22s %9s %-15s' "$1" "$ours" "($(range einthoven "$2"))"
	if [ -n "$peer" ]; then
		theirs=$(median pytorch "$2")
		printf ' %9s %-15s %6s' "$theirs" "($(range pytorch "$2"))" "$(awk -v ours="$ours" -v theirs="$theirs" "BEGIN {printf \"%.2f\", $3}")"
	fi
	echo
}
printf '%-22s %25s' '' einthoven
[ -z "$peer" ] || printf ' %25s %6s' "PyTorch $peer" ratio
echo
row 'records/s, wall' 2 ours/theirs
row 'CPU ms per record' 3 theirs/ours
row 'peak memory, MB' 4 ours/theirs
