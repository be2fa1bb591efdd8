/*
 * The inner loop of every product: C[rows,cols] = or += A B for one tile that stays in registers. A is read one
 * element at a time (a[r*rs + k*cs]), B sixteen columns at a time (b[k*ldb + j]). Each element of C is one fma
 * chain over ascending k; a tile may be left and taken up again, for storing and loading a float changes nothing.
 */
#ifndef KERNELS_CPU_MICRO_H
#define KERNELS_CPU_MICRO_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/cpu/tile.h"
#include "kernels/cpu/vec.h"

struct micro {
	float *c;
	const float *a, *b;
	ptrdiff_t ldc, rs, cs, ldb;
	int k;
	int last;     /* lanes of the last vector that belong to C */
	bool is_zero; /* start from 0, else from C's old values */
};

/* mr, nv, is_whole: constants. */
INLINE void micro_tile(const int mr, const int nv, const bool is_whole, const struct micro *t)
{
	v16 acc[TILE_ROWS][TILE_VECTORS], row[TILE_VECTORS];
	const float *a = t->a, *b = t->b;
	float *c = t->c;
	ptrdiff_t ldc = t->ldc, rs = t->rs, cs = t->cs, ldb = t->ldb;
	int last = t->last;
	UNROLL
	for (int r = 0; r < mr; r++) {
		UNROLL
		for (int v = 0; v < nv; v++)
			acc[r][v] = v_set(0);
	}
	if (!t->is_zero) {
		UNROLL
		for (int r = 0; r < mr; r++) {
			UNROLL
			for (int v = 0; v < nv; v++)
				acc[r][v] = is_whole || v < nv - 1 ? v_load(c + r * ldc + v * 16)
								   : v_load_n(c + r * ldc + v * 16, last);
		}
	}
	for (int k = t->k; k > 0; k--, a += cs, b += ldb) {
		UNROLL
		for (int v = 0; v < nv; v++)
			row[v] = v_load(b + v * 16);
		UNROLL
		for (int r = 0; r < mr; r++) {
			v16 x = v_set(a[r * rs]);
			UNROLL
			for (int v = 0; v < nv; v++)
				acc[r][v] = v_fma(x, row[v], acc[r][v]);
		}
	}
	UNROLL
	for (int r = 0; r < mr; r++) {
		UNROLL
		for (int v = 0; v < nv; v++) {
			if (is_whole || v < nv - 1)
				v_store(c + r * ldc + v * 16, acc[r][v]);
			else
				v_store_n(c + r * ldc + v * 16, acc[r][v], last);
		}
	}
}

#endif
