#!/usr/bin/env bash
# make bench-train: our pretraining and PyTorch's in turn, each in a process of its own, because the machine's speed drifts.
#	PYTHON   interpreters that have PyTorch, separated by blanks (python3)
#	THREADS  thread counts, separated by blanks ("1 2"); ROUNDS (3) of STEPS (2) steps, BATCH (128), LEAD_MASK (0.5)
# PyTorch gets what serves it best here: as many OpenMP threads as it is told to use, OpenBLAS's own kernels for AVX-512
# (Debian's build; OpenBLAS does not know every CPU), and a malloc that keeps large blocks, on huge pages, instead of giving them back to
# the system after every operation (ALLOCATOR= for the system's default).
set -eu
cd "$(dirname "$0")/.."
: "${PYTHON:=python3}" "${THREADS:=1 2}" "${ROUNDS:=3}" "${STEPS:=2}" "${BATCH:=128}" "${LEAD_MASK:=0.5}"
: "${ALLOCATOR=MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=1099511627776 GLIBC_TUNABLES=glibc.malloc.hugetlb=1}"
results=$(mktemp)
trap 'rm -f "$results"' EXIT
if grep -q avx512dq /proc/cpuinfo; then
	export OPENBLAS_CORETYPE="${OPENBLAS_CORETYPE:-SkylakeX}"
fi
peers=()
for python in $PYTHON; do
	if version=$($python -c 'import numpy, torch; print(torch.__version__)' 2>/dev/null); then
		peers+=("$python" "PyTorch-$version")
	else
		echo "skipped: '$python' cannot import torch and numpy"
	fi
done

median() { # median NAME COLUMN
	awk -v name="$1" -v c="$2" '$1 == name {print $c}' "$results" | sort -g | awk '{a[NR] = $1} END {print a[int((NR + 1) / 2)]}'
}
range() {
	awk -v name="$1" -v c="$2" '$1 == name {print $c}' "$results" | sort -g | sed -n '1p;$p' | paste -sd-
}
rows() { # rows NAME: its medians, ranges, and how it stands beside ours
	local name=$1 c
	printf '%-24s' "$name"
	for c in 2 3 4 5; do
		printf ' %9s %-15s' "$(median "$name" $c)" "($(range "$name" $c))"
		awk -v ours="$(median einthoven $c)" -v theirs="$(median "$name" $c)" -v c=$c \
			'BEGIN { printf " %5.2f", c == 2 ? ours / theirs : theirs / ours }'
	done
	echo
}

options=(--steps "$STEPS" --batch "$BATCH" --lead-mask "$LEAD_MASK")
echo "model small, halves of 10 s at 100 Hz, batch $BATCH, float32, lead mask $LEAD_MASK; median (range) of $ROUNDS rounds of $STEPS steps; last: how many times ours is better"
for threads in $THREADS; do
	: >"$results"
	for ((round = 0; round < ROUNDS; round++)); do
		EINTHOVEN_THREADS=$threads "${B:-build}/bin/bench-train" "${options[@]}" >>"$results"
		for ((i = 0; i < ${#peers[@]}; i += 2)); do
			# shellcheck disable=SC2086
			env $ALLOCATOR OMP_NUM_THREADS="$threads" "${peers[i]}" bench/train.py "${options[@]}" --threads "$threads" \
				--name "${peers[i + 1]}" >>"$results" || echo "a round of ${peers[i + 1]} is left out"
		done
	done
	printf '%-24s %31s %31s %31s %31s\n' "$threads thread(s)" 'records/s, wall' 'CPU ms per record' 'peak memory, MB' 'beyond program and libraries'
	rows einthoven
	for ((i = 1; i < ${#peers[@]}; i += 2)); do
		rows "${peers[i]}"
	done
done
