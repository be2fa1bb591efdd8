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

/* With AVX2, four steps of k at a time with constant distances, and a request for memory at every fourth at most: a core's two
 * threads share its decoders and load ports, and then nothing but what the products need fits beside them. 0: step by step. */
#if defined __AVX2__ && !defined __AVX512F__
#define MICRO_FEW 4
#else
#define MICRO_FEW 0
#endif

/* mr, nv, is_whole, is_asking, is_by_rows: constants. */

#if MICRO_FEW
/* Keeps the compiler from giving base + constant a register of its own, of which there are not enough. */
#define MICRO_OPAQUE(p) __asm__("" : "+r"(p))

/* One step of k. near: row 0's element, far: row 3's. */
INLINE void micro_step(const int mr, const int nv, const bool is_whole, const struct micro *t,
		       const float *near, const float *far, ptrdiff_t rs, const float *b,
		       v16 acc[TILE_ROWS][MICRO_VECTORS])
{
	v16 row[MICRO_VECTORS];
	UNROLL
	for (int v = 0; v < nv; v++)
		row[v] = micro_load(b + v * 16, !is_whole && v == nv - 1, t->last);
	UNROLL
	for (int r = 0; r < mr; r++) {
		v16 x = v_set(r < 3 ? near[r * rs] : far[(r - 3) * rs]);
		UNROLL
		for (int v = 0; v < nv; v++)
			acc[r][v] = v_fma(x, row[v], acc[r][v]);
	}
}

/* All steps of k; is_by_rows: A's steps lie side by side, else its rows do. */
INLINE void micro_few_steps(const int mr, const int nv, const bool is_whole, const bool is_asking,
			    const bool is_by_rows, const struct micro *t, v16 acc[TILE_ROWS][MICRO_VECTORS])
{
	const float *a = t->a, *b = t->b;
	ptrdiff_t rs = is_by_rows ? t->rs : 1, ldb = t->ldb;
	const ptrdiff_t cs = is_by_rows ? 1 : t->cs;
	const float *far = a + 3 * rs;
	uintptr_t ask = (uintptr_t)t->ask;
	const uintptr_t ask_step = (uintptr_t)t->ask_step * sizeof *t->ask,
			apart = (uintptr_t)t->ask_apart * sizeof *t->ask;
	int k = t->k;

	for (; k >= MICRO_FEW; k -= MICRO_FEW) {
		if (is_asking) {
			__builtin_prefetch((const void *)ask, 0, 3);
			__builtin_prefetch((const void *)(ask + apart), 0, 3);
			ask += ask_step;
		}
		UNROLL
		for (int i = 0; i < MICRO_FEW; i++, b += ldb) {
			micro_step(mr, nv, is_whole, t, a + i * cs, far + i * cs, rs, b, acc);
			if (is_by_rows)
				MICRO_OPAQUE(rs);
			MICRO_OPAQUE(b);
		}
		a += MICRO_FEW * cs;
		far += MICRO_FEW * cs;
		MICRO_OPAQUE(a);
		MICRO_OPAQUE(far);
	}

	for (; k > 0; k--, a += cs, b += ldb)
		micro_step(mr, nv, is_whole, t, a, a + 3 * rs, rs, b, acc);
}

INLINE void micro_products(const int mr, const int nv, const bool is_whole, const struct micro *t,
			   v16 acc[TILE_ROWS][MICRO_VECTORS])
{
	UNROLL
	for (int r = 0; r < mr; r++)
		__builtin_prefetch(t->c + r * t->ldc, 1, 3);

	if (t->ask && t->rs == 1)
		micro_few_steps(mr, nv, is_whole, true, false, t, acc);
	else if (t->ask)
		micro_few_steps(mr, nv, is_whole, true, true, t, acc);
	else if (t->rs == 1)
		micro_few_steps(mr, nv, is_whole, false, false, t, acc);
	else
		micro_few_steps(mr, nv, is_whole, false, true, t, acc);
}
#else
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

INLINE void micro_products(const int mr, const int nv, const bool is_whole, const struct micro *t,
			   v16 acc[TILE_ROWS][MICRO_VECTORS])
{
	if (nv >= TILE_VECTORS || t->ask)
		micro_steps(mr, nv, is_whole, true, t, acc);
	else
		micro_steps(mr, nv, is_whole, false, t, acc);
}
#endif

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
	micro_products(mr, nv, is_whole, t, acc);
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
