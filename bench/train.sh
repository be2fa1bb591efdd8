#!/usr/bin/env bash
# make bench-train: our pretraining and PyTorch's in turn, each in a process of its own: the
# machine's speed drifts.
#	PYTHON   interpreters that have PyTorch, separated by blanks (python3)
#	THREADS  thread counts, separated by blanks ("1 2")
#	ROUNDS   (3) of STEPS (2) steps, BATCH (128), LEAD_MASK (0.5)
#	EINTHOVEN_ISA  avx2 holds both to AVX2 on a CPU that has more
#	ANY_BLAS 1 measures a PyTorch whose BLAS is no peer too (the reference BLAS)
# PyTorch gets what serves it best here: as many OpenMP threads as it is told to use, OpenBLAS's kernels for
# this CPU (OpenBLAS does not know every CPU; CORETYPE= for others), and a malloc that keeps large blocks,
# on huge pages, instead of giving them back to the system after every operation (ALLOCATOR= for the
# system's default).
set -eu
cd "$(dirname "$0")/.."
: "${PYTHON:=python3}" "${THREADS:=1 2}" "${ROUNDS:=3}" "${STEPS:=2}" "${BATCH:=128}" "${LEAD_MASK:=0.5}"
: "${ANY_BLAS:=0}"
: "${ALLOCATOR=MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=1099511627776 GLIBC_TUNABLES=glibc.malloc.hugetlb=1}"
results=$(mktemp)
trap 'rm -f "$results"' EXIT
ours="${B:-build}/bin/bench-train"
read -r isa peak < <("$ours" --peak)

# What holds PyTorch, MKL, oneDNN and OpenBLAS to the vectors that ours takes. OPENBLAS_* of the environment
# are often there for an older OpenBLAS and slow a newer one.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
core=
case $isa in
avx512) core=SkylakeX ;;
avx2)
	core=Haswell
	if grep -q AuthenticAMD /proc/cpuinfo; then
		core=Zen
	fi
	export ATEN_CPU_CAPABILITY=avx2 MKL_ENABLE_INSTRUCTIONS=AVX2 ONEDNN_MAX_CPU_ISA=AVX2 \
		DNNL_MAX_CPU_ISA=AVX2
	;;
esac
core=${CORETYPE:-$core}
if [ -n "$core" ]; then
	export OPENBLAS_CORETYPE=$core
fi

model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)
echo "${model:-$(uname -m)}: ours with $isa, fma peak $peak GFLOP/s; OPENBLAS_CORETYPE=$core"
peers=()
for python in $PYTHON; do
	if ! version=$($python -c 'import numpy, torch; print(torch.__version__)' 2>/dev/null); then
		echo "skipped: '$python' cannot import torch and numpy"
	elif OMP_NUM_THREADS=1 "$python" bench/train.py --about "$peak" || [ "$ANY_BLAS" = 1 ]; then
		peers+=("$python" "PyTorch-$version")
	else
		echo "skipped: '$python'; ANY_BLAS=1 measures it all the same"
	fi
done

median() { # median NAME COLUMN
	awk -v name="$1" -v c="$2" '$1 == name {print $c}' "$results" | sort -g |
		awk '{a[NR] = $1} END {print a[int((NR + 1) / 2)]}'
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
echo "model small, halves of 10 s at 100 Hz, batch $BATCH, float32, lead mask $LEAD_MASK;" \
	"median (range) of $ROUNDS rounds of $STEPS steps; last: how many times ours is better"
for threads in $THREADS; do
	: >"$results"
	for ((round = 0; round < ROUNDS; round++)); do
		EINTHOVEN_THREADS=$threads "$ours" "${options[@]}" >>"$results"
		for ((i = 0; i < ${#peers[@]}; i += 2)); do
			# shellcheck disable=SC2086
			env $ALLOCATOR OMP_NUM_THREADS="$threads" "${peers[i]}" bench/train.py \
				"${options[@]}" \
				--threads "$threads" --name "${peers[i + 1]}" >>"$results" ||
				echo "a round of ${peers[i + 1]} is left out"
		done
	done
	printf '%-24s %31s %31s %31s %31s\n' "$threads thread(s)" 'records/s, wall' 'CPU ms per record' \
		'peak memory, MB' 'beyond program and libraries'
	rows einthoven
	for ((i = 1; i < ${#peers[@]}; i += 2)); do
		rows "${peers[i]}"
	done
done
