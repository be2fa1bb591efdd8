/*
 * Sums in the one order that the contract allows (docs/numerics.md). Lanes: sixteen threads, half a warp,
 * hold one lane each. Chunks and trees: a thread adds up a column.
 */
#ifndef KERNELS_CUDA_REDUCE_H
#define KERNELS_CUDA_REDUCE_H

#include "kernels/cuda/math.h"
#include "kernels/sums.h"

enum { LANES = 16, REDUCE_ROWS = 64, REDUCE_FLOATS = 4096, REDUCE_LEVELS = 32 };

/* The half of its warp that a thread of a block of one dimension belongs to. */
DEV uint32_t lanes_mask(void)
{
	return threadIdx.x & LANES ? 0xffff0000u : 0x0000ffffu;
}

DEV int lane_of(void)
{
	return (int)(threadIdx.x % LANES);
}

/* Lane i and i+8 are added, then i+4, i+2, i+1; every thread gets the sum. */
DEV float lanes_sum(float x)
{
	uint32_t mask = lanes_mask();
	for (int by = LANES / 2; by > 0; by /= 2)
		x = ADD(x, __shfl_xor_sync(mask, x, by, LANES));
	return x;
}

/* The lower lane's first, as on a CPU: it decides between zeros of two signs. */
DEV float lanes_maximum(float x)
{
	uint32_t mask = lanes_mask();
	for (int by = LANES / 2; by > 0; by /= 2) {
		float other = __shfl_xor_sync(mask, x, by, LANES);
		x = lane_of() & by ? larger(other, x) : larger(x, other);
	}
	return x;
}

/* In place, column 0 of n rows: the sum ends in the first row and is returned; 0 without rows. */
DEV float tree_of(float *rows, int n, size_t ld)
{
	for (int step = 1; step < n; step *= 2)
		for (int i = 0; i + step < n; i += 2 * step)
			rows[(size_t)i * ld] = ADD(rows[(size_t)i * ld], rows[(size_t)(i + step) * ld]);
	return n > 0 ? rows[0] : 0.0f;
}

/* The same tree fed one part at a time, so that only log2(parts) sums are kept. */
struct climbing {
	float level[REDUCE_LEVELS];
	int n, depth;
};

DEV void climb(struct climbing *c, float part)
{
	c->level[c->depth++] = part;
	for (int bits = ++c->n; (bits & 1) == 0; bits >>= 1, c->depth--)
		c->level[c->depth - 2] = ADD(c->level[c->depth - 2], c->level[c->depth - 1]);
}

DEV float climbed(struct climbing *c)
{
	for (; c->depth > 1; c->depth--)
		c->level[c->depth - 2] = ADD(c->level[c->depth - 2], c->level[c->depth - 1]);
	return c->depth ? c->level[0] : 0.0f;
}

/* ---- sums of records (struct record_sums) ---- */

struct records {
	int from, n;
};

DEV struct records records_of_sum(const struct record_sums *s, int sum, int batch)
{
	struct records r = {s->first ? s->first[sum] : sum * s->most, 0};
	int end = s->first ? s->first[sum + 1] : r.from + s->most;
	r.n = (end < batch ? end : batch) - r.from;
	return r;
}

/* Without blocks all go to the first. */
DEV int is_sum_of_block(const struct record_sums *s, int sum, int block)
{
	return s->n_blocks == 1 || (s->block ? s->block[sum] : sum) == block;
}

#endif
