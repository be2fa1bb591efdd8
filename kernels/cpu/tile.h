/*
 * Products of matrices that lie in the first caches: register tiles over whatever strides A and B have, no
 * threads, no packing. The building block of every product here.
 *
 *	tile_product(&(struct tile_c){.c = c, .ldc = n}, tile_rows_of(a, k), b, n, m, n, k);     // C = A B
 */
#ifndef KERNELS_CPU_TILE_H
#define KERNELS_CPU_TILE_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/cpu/isa.h"

/* A register tile, but for products of 50 columns (tile.c): TILE_ROWS rows of TILE_COLUMNS columns.
 * 14*2 + 2 + 1 of 32 zmm; (6*1 + 1)*2 + 1 of 16 ymm; (6*1 + 1)*4 + 1 of 32 NEON ones. */
#if defined __AVX512F__
enum { TILE_ROWS = 14, TILE_VECTORS = 2 };
#elif defined HAS_VECTORS
enum { TILE_ROWS = 6, TILE_VECTORS = 1 };
#else
enum { TILE_ROWS = 4, TILE_VECTORS = 1 };
#endif
enum { TILE_COLUMNS = 16 * TILE_VECTORS };

/* A's element (i, k) is p[i*row + k*column]. */
struct tile_a {
	const float *p;
	ptrdiff_t row, column;
};

static inline struct tile_a tile_rows_of(const float *p, ptrdiff_t ld)
{
	return (struct tile_a){.p = p, .row = ld, .column = 1};
}

static inline struct tile_a tile_columns_of(const float *p, ptrdiff_t ld)
{
	return (struct tile_a){.p = p, .row = 1, .column = ld};
}

/* Memory that is wanted soon after a product, asked for into the first cache two lines at a step
 * of k: hardware does not foresee short runs, and many requests at once wait for one another and
 * hold up the tiles. */
enum { TILE_RUNS = 32 };

struct tile_run {
	const float *p;
	ptrdiff_t step;
	int n; /* lines, step floats apart */
};

struct tile_ahead {
	struct tile_run runs[TILE_RUNS];
	int n, at; /* runs; the first that is not yet asked for */
};

/* Adds rows * columns floats, row stride ld, that are to be read or written; what has no place any
 * more is left out. */
void ISA(tile_foresee)(struct tile_ahead *f, const float *p, ptrdiff_t ld, int rows, int columns);

/* Asks for what products had no place for. Inline, because gcc takes a function that only prefetches for one
 * without effect and drops the call. */
INLINE void tile_ask_rest(struct tile_ahead *f)
{
	for (; f->at < f->n; f->at++)
		for (int i = 0; i < f->runs[f->at].n; i++)
			__builtin_prefetch(f->runs[f->at].p + i * f->runs[f->at].step, 0, 3);
}

/* C[m,n] = from + A B, one fma chain over ascending k each; then row i times factor[i]; then + bias[n];
 * then + residual[m,n]. */
struct tile_c {
	float *c;
	ptrdiff_t ldc;
	const float *from; /* [m,n], row stride ld_from; may be c; NULL: chains start from 0 */
	ptrdiff_t ld_from;
	const float *factor, *bias, *residual; /* NULL: none; residual has row stride ldc and may be c */
	struct tile_ahead *ahead;	       /* asked for meanwhile; NULL: A's columns of later steps */
};

/* Rows of B[k,n] have stride ldb. */
void ISA(tile_product)(const struct tile_c *c, struct tile_a a, const float *b, ptrdiff_t ldb, int m, int n,
		       int k);

/* to[k][ld] = columns 0..n of B[k][n], zeros up to ld (a multiple of 16): element (k, j) of B is p[k*row +
 * j*column], one of the two being 1. */
void ISA(tile_rows)(float *to, ptrdiff_t ld, const float *p, ptrdiff_t row, ptrdiff_t column, int n, int k);

#endif
