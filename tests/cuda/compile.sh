#!/usr/bin/env bash
# NVIDIA's compiler takes all kernels and finds them exact, which the emulation cannot know: for one
# architecture, as seven take too long here (make cuda).
. "$(dirname "$0")/../tap.sh"
nvcc=$(PATH=$PATH:/usr/local/cuda/bin type -P nvcc) || skip_all "nvcc is not installed"
mkdir tree && cp -r "$TOP"/{Makefile,kernels,common,numbers} tree
compile() { # compile FILE...: as make cuda does
	(cd tree && env -u MAKEFLAGS make -s -j2 B=build NVCC="$nvcc" GPU_ARCH=80 \
		"${@/#/build/gpu/}") 2>&1
}
files=$(cd tree/kernels/cuda && grep -lE '^KERNEL\(' -- *.c | sed 's/c$/fatbin/')
check "there are kernels" test "$(wc -w <<<"$files")" -gt 10
# shellcheck disable=SC2086
check "nvcc compiles all of them, exactly" compile $files
# What fibers allow and a card does not: static arrays of more than 48 KB.
sed -i 's/SHARED float mean\[REDUCE_ROWS\]/SHARED float mean[20000]/' tree/kernels/cuda/layernorm.c
refused() { compile layernorm.fatbin >&2; }
check_fails "... and refuses more shared memory than a block has" 2 'too much shared data' refused
tap_done
