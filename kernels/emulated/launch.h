/*
 * A kernel's grid on a CPU: its blocks one after the other, in an order drawn from the seed (block.h). What
 * lies in shared memory when a block begins is NaN.
 *
 *	struct gpu_size grid = {n_blocks, 1, 1}, block = {128, 1, 1};
 *	launch_run("layernorm", grid, block, 0, &args, seed);
 */
#ifndef KERNELS_EMULATED_LAUNCH_H
#define KERNELS_EMULATED_LAUNCH_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/emulated/gpu.h"

/* Bytes of the kernel's struct; 0: there is no such kernel. */
size_t launch_arguments(const char *kernel);

/* The source that has it, as the compiler was given it; NULL: there is no such kernel. */
const char *launch_file(const char *kernel);

/* n_shared: bytes of DYNAMIC_SHARED. Fails (fail.h) on what no card would run. */
void launch_run(const char *kernel, struct gpu_size grid, struct gpu_size block, size_t n_shared,
		const void *arguments, uint64_t seed);

#define LAUNCH_EXPORTED __attribute__((visibility("default")))

/* How many there were; and from now on count them alone, run none. For tests, which find them by dlsym. */
LAUNCH_EXPORTED unsigned long launch_count(void);
LAUNCH_EXPORTED void launch_count_only(void);
int launch_is_counted_only(void);

/* Of the block that runs: its number in the grid, and its shared memory. */
int launch_block(void);
int launch_is_shared(const void *p);
int launch_is_running(void);

#endif
