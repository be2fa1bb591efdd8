/*
 * One block of a kernel's threads on a CPU. Between two points at which they wait for one another, threads
 * run one after the other in an order drawn from a seed: 0 ascending, 1 descending, else at random.
 *
 * The program ends (fail.h) with the kernel's name, block and thread, if threads wait at different
 * barriers, at a barrier that some never reach, or at a shuffle whose mask names lanes that do not come.
 */
#ifndef KERNELS_EMULATED_BLOCK_H
#define KERNELS_EMULATED_BLOCK_H

#include <stdint.h>

#include "kernels/emulated/gpu.h"

enum { BLOCK_THREADS = 1024, BLOCK_WARP = 32 };

struct block {
	const char *kernel;
	void (*run)(const void *arguments);
	const void *arguments;
	struct gpu_size grid_size, size, at;
	int n_threads;
};

void block_run(const struct block *b, uint64_t seed);

/* order[n]: the numbers from 0 in the order of the seed. */
void block_shuffle(int *order, int n, uint64_t seed);

/* What orders two accesses of one block: barriers passed by all, and by the warp of the running thread. */
unsigned block_barriers(void);
unsigned block_warp_barriers(void);

#endif
