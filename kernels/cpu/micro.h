/*
 * The inner loop of every product: one tile of C that stays in registers. A is read one element at a time
 * (a[r*rs + k*cs]), B sixteen columns at a time (b[k*ldb + j]). Each element of C is one fma chain over ascending k; a
 * tile may be left and taken up again, for storing and loading a float changes nothing.
 */
#ifndef KERNELS_CPU_MICRO_H
#define KERNELS_CPU_MICRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/cpu/tile.h"
#include "kernels/cpu/vec.h"

enum { MICRO_VECTORS = TILE_VECTORS + 1 }; /* of the widest tile */

struct micro {
	float *c;
	const float *from, *factor, *bias, *residual; /* NULL: none */
	const float *a, *b;
	ptrdiff_t ldc, ld_from, rs, cs, ldb;
	/* At step i of k the line at ask + i * ask_step is asked for, and that ask_apart behind it; NULL in a narrow tile: nothing. */
	const float *ask;
	ptrdiff_t ask_step, ask_apart;
	int k;
	int last; /* lanes of the last vector that belong to B and C */
};

INLINE v16 micro_load(const float *p, const bool is_part, int last)
{
	return is_part ? v_load_n(p, last) : v_load(p);
}

/* mr, nv, is_whole, is_asking: constants. */

/* All steps of k. A narrow tile has no load to spare: where it asks for nothing it has a loop of its own. */
INLINE void micro_steps(const int mr, const int nv, const bool is_whole, const bool is_asking,
			const struct micro *t, v16 acc[TILE_ROWS][MICRO_VECTORS])
{
	v16 row[MICRO_VECTORS];
	const float *a = t->a, *b = t->b;
	ptrdiff_t rs = t->rs, cs = t->cs, ldb = t->ldb;
	uintptr_t ask = (uintptr_t)t->ask; /* may be NULL or leave its array: an address, never a pointer */
	uintptr_t step = (uintptr_t)t->ask_step * sizeof *t->ask,
		  apart = (uintptr_t)t->ask_apart * sizeof *t->ask;
	const int last = t->last;
	for (int k = t->k; k > 0; k--, a += cs, b += ldb) {
		if (is_asking) {
			__builtin_prefetch((const void *)ask, 0, 3);
			__builtin_prefetch((const void *)(ask + apart), 0, 3);
			ask += step;
		}
		UNROLL
		for (int v = 0; v < nv; v++)
			row[v] = micro_load(b + v * 16, !is_whole && v == nv - 1, last);
		UNROLL
		for (int r = 0; r < mr; r++) {
			v16 x = v_set(a[r * rs]);
			UNROLL
			for (int v = 0; v < nv; v++)
				acc[r][v] = v_fma(x, row[v], acc[r][v]);
		}
	}
}

INLINE void micro_tile(const int mr, const int nv, const bool is_whole, const struct micro *t)
{
	v16 acc[TILE_ROWS][MICRO_VECTORS], row[MICRO_VECTORS];
	const int last = t->last;
	UNROLL
	for (int r = 0; r < mr; r++) {
		UNROLL
		for (int v = 0; v < nv; v++)
			acc[r][v] = v_set(0);
	}
	if (t->from) {
		UNROLL
		for (int r = 0; r < mr; r++) {
			UNROLL
			for (int v = 0; v < nv; v++)
				acc[r][v] = micro_load(t->from + r * t->ld_from + v * 16,
						       !is_whole && v == nv - 1, last);
		}
	}
	if (nv >= TILE_VECTORS || t->ask)
		micro_steps(mr, nv, is_whole, true, t, acc);
	else
		micro_steps(mr, nv, is_whole, false, t, acc);
	if (t->factor) {
		UNROLL
		for (int r = 0; r < mr; r++) {
			UNROLL
			for (int v = 0; v < nv; v++)
				acc[r][v] = v_mul(acc[r][v], v_set(t->factor[r]));
		}
	}
	if (t->bias) {
		UNROLL
		for (int v = 0; v < nv; v++)
			row[v] = micro_load(t->bias + v * 16, !is_whole && v == nv - 1, last);
		UNROLL
		for (int r = 0; r < mr; r++) {
			UNROLL
			for (int v = 0; v < nv; v++)
				acc[r][v] = v_add(acc[r][v], row[v]);
		}
	}
	if (t->residual) {
		UNROLL
		for (int r = 0; r < mr; r++) {
			UNROLL
			for (int v = 0; v < nv; v++)
				acc[r][v] = v_add(acc[r][v], micro_load(t->residual + r * t->ldc + v * 16,
									!is_whole && v == nv - 1, last));
		}
	}
	UNROLL
	for (int r = 0; r < mr; r++) {
		UNROLL
		for (int v = 0; v < nv; v++) {
			if (is_whole || v < nv - 1)
				v_store(t->c + r * t->ldc + v * 16, acc[r][v]);
			else
				v_store_n(t->c + r * t->ldc + v * 16, acc[r][v], last);
		}
	}
}

#endif
