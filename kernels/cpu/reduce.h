/*
 * Sums in the one order contract cpu/2 allows (docs/numerics.md): down the rows in chunks, each chunk
 * ascending, then a pairwise tree over chunks (c0+c1, c2+c3, ...; an odd last one moves up a level
 * unchanged).
 */
#ifndef KERNELS_CPU_REDUCE_H
#define KERNELS_CPU_REDUCE_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/cpu/vec.h"

/* Adds up n_chunks rows of n floats (row stride ld) pairwise, in place: the sum ends in the first row. */
static inline void reduce_tree(float *rows, size_t n_chunks, size_t n, size_t ld)
{
	for (size_t step = 1; step < n_chunks; step *= 2)
		for (size_t c = 0; c + step < n_chunks; c += 2 * step)
			for (size_t j = 0; j < n; j++)
				rows[c * ld + j] += rows[(c + step) * ld + j];
}

/* The same tree fed one chunk at a time, so that only log2(chunks) partial sums are kept. 32 columns at most.
 */
enum { REDUCE_COLUMNS = 32, REDUCE_LEVELS = 32 };
struct reduce {
	float level[REDUCE_LEVELS][REDUCE_COLUMNS];
	size_t n_chunks;
	int depth; /* levels in use: one per bit set in n_chunks */
};

/* chunk[REDUCE_COLUMNS], all of it defined. */
static inline void reduce_push(struct reduce *r, const float *chunk)
{
	memcpy(r->level[r->depth++], chunk, sizeof r->level[0]);
	for (size_t bits = ++r->n_chunks; (bits & 1) == 0; bits >>= 1, r->depth--)
		for (int j = 0; j < REDUCE_COLUMNS; j++)
			r->level[r->depth - 2][j] += r->level[r->depth - 1][j];
}

/* The sum, borrowed from r; zeros if nothing was pushed. */
static inline const float *reduce_end(struct reduce *r)
{
	if (r->depth == 0)
		memset(r->level[0], 0, sizeof r->level[0]);
	for (; r->depth > 1; r->depth--)
		for (int j = 0; j < REDUCE_COLUMNS; j++)
			r->level[r->depth - 2][j] += r->level[r->depth - 1][j];
	return r->level[0];
}

/* Rows per chunk of every op that sums over rows, and floats per chunk of sum_squares. */
enum { REDUCE_ROWS = 64, REDUCE_FLOATS = 4096 };

/* to[j] = sum over rows of x[m,n] (row stride ld), in chunks of chunk rows; to[j] += if is_added. In this
 * thread. */
void ISA(reduce_rows_serial)(float *to, const float *x, size_t m, int n, size_t ld, size_t chunk,
			     bool is_added);

#endif
