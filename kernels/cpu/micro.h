/*
 * The inner loop of every product: one tile of C that stays in registers. A is read one element at a time
 * (a[r*rs + k*cs]), B sixteen columns at a time (b[k*ldb + j]). Each element of C is one fma chain over
 * ascending k; a tile may be left and taken up again, for storing and loading a float changes nothing.
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
	/* At step i of k the line at ask + i * ask_step is asked for, and that ask_apart behind it; NULL in a
	 * narrow tile: nothing. */
	const float *ask;
	ptrdiff_t ask_step, ask_apart;
	int k;
	int last; /* lanes of the last vector that belong to B and C */
};

INLINE v16 micro_load(const float *p, const bool is_part, int last)
{
	return is_part ? v_load_n(p, last) : v_load(p);
}

/* On x86-64, A's rows take four steps of k at a time with constant distances, and with AVX2 its columns too:
 * whatever stands beside the products takes places of theirs, in the decoders, at the load ports and, with
 * AVX-512, at ports that do nothing but products then. With AVX2 a request for memory at every fourth step at
 * most: a core's two threads share its load ports. */
#if defined __AVX512F__
enum { MICRO_FEW_ROWS = 4, MICRO_FEW_COLUMNS = 1, MICRO_ASK_STEPS = 1 };
#elif defined __AVX2__
enum { MICRO_FEW_ROWS = 4, MICRO_FEW_COLUMNS = 4, MICRO_ASK_STEPS = 4 };
#else
enum { MICRO_ASK_STEPS = 1 };
#endif

/* mr, nv, is_whole, is_asking, is_by_rows: constants. */

/* Short chains end before more than a line of each row is there, and their C is mostly near anyway. */
INLINE void micro_ask_for_c(const int mr, const int nv, const struct micro *t)
{
	UNROLL
	for (int r = 0; r < mr; r++)
		__builtin_prefetch(t->c + r * t->ldc, 1, 3);

	if (nv > 1 && t->k > 64) {
		UNROLL
		for (int r = 0; r < mr; r++)
			__builtin_prefetch(t->c + r * t->ldc + 16, 1, 3);
	}
}

#if defined __AVX2__
/* Keeps the compiler from giving base + constant a register of its own, of which there are not enough. */
#define MICRO_OPAQUE(p) __asm__("" : "+r"(p))

/* Where A's rows lie at one step of k: near is row 0's element, far that of the first row of the lower half;
 * distances in bytes, for an address takes one, two or four times a register. */
struct micro_rows {
	const float *near, *far;
	ptrdiff_t one, three, five;
};

enum { MICRO_HALF = TILE_ROWS / 2 };

INLINE float micro_element(const int r, const bool is_by_rows, const struct micro_rows *a, ptrdiff_t step)
{
	const int q = r % MICRO_HALF;
	const ptrdiff_t far[] = {0, a->one, 2 * a->one, a->three, 4 * a->one, a->five, 2 * a->three};
	const float *p = !is_by_rows || r < MICRO_HALF ? a->near : a->far;
	return is_by_rows ? *(const float *)((const char *)(p + step) + far[q]) : p[step + r];
}

/* One step of k, `step` floats on. */
INLINE void micro_step(const int mr, const int nv, const bool is_whole, const bool is_by_rows,
		       const struct micro *t, const struct micro_rows *a, ptrdiff_t step, const float *b,
		       v16 acc[TILE_ROWS][MICRO_VECTORS])
{
	v16 row[MICRO_VECTORS];
	UNROLL
	for (int v = 0; v < nv; v++)
		row[v] = micro_load(b + v * 16, !is_whole && v == nv - 1, t->last);
	UNROLL
	for (int r = 0; r < mr; r++) {
		v16 x = v_set(micro_element(r, is_by_rows, a, step));
		UNROLL
		for (int v = 0; v < nv; v++)
			acc[r][v] = v_fma(x, row[v], acc[r][v]);
	}
}

/* All steps of k; is_by_rows: A's steps lie side by side, else its rows do. */
INLINE void micro_steps(const int mr, const int nv, const bool is_whole, const bool is_asking,
			const bool is_by_rows, const struct micro *t, v16 acc[TILE_ROWS][MICRO_VECTORS])
{
	const int few = is_by_rows ? MICRO_FEW_ROWS : MICRO_FEW_COLUMNS;
	const float *b = t->b;
	const ptrdiff_t ldb = t->ldb, cs = is_by_rows ? 1 : t->cs;
	const ptrdiff_t one = t->rs * (ptrdiff_t)sizeof *t->a;
	struct micro_rows a = {t->a, t->a, one, 3 * one, 5 * one};
	uintptr_t ask = (uintptr_t)t->ask;
	const uintptr_t ask_step = (uintptr_t)t->ask_step * sizeof *t->ask,
			apart = (uintptr_t)t->ask_apart * sizeof *t->ask;
	int k = t->k;

	if (is_by_rows && k > 0) /* an empty product may have no A */
		a.far = t->a + MICRO_HALF * t->rs;
	for (; k >= few; k -= few) {
		UNROLL
		for (int i = 0; i < few; i++, b += ldb) {
			if (is_asking && i % MICRO_ASK_STEPS == 0) {
				__builtin_prefetch((const void *)ask, 0, 3);
				__builtin_prefetch((const void *)(ask + apart), 0, 3);
				ask += ask_step;
			}
			micro_step(mr, nv, is_whole, is_by_rows, t, &a, i * cs, b, acc);
			if (is_by_rows) {
				MICRO_OPAQUE(a.one);
				if (mr > 3)
					MICRO_OPAQUE(a.three);
				if (mr > 5 && MICRO_HALF > 5)
					MICRO_OPAQUE(a.five);
			}
			MICRO_OPAQUE(b);
		}
		a.near += few * cs;
		MICRO_OPAQUE(a.near);
		if (is_by_rows) {
			a.far += few * cs;
			MICRO_OPAQUE(a.far);
		}
	}

	for (; k > 0; k--, a.near += cs, a.far += cs, b += ldb)
		micro_step(mr, nv, is_whole, is_by_rows, t, &a, 0, b, acc);
}

INLINE void micro_products(const int mr, const int nv, const bool is_whole, const struct micro *t,
			   v16 acc[TILE_ROWS][MICRO_VECTORS])
{
	micro_ask_for_c(mr, nv, t);

	if (t->ask && t->rs == 1)
		micro_steps(mr, nv, is_whole, true, false, t, acc);
	else if (t->ask)
		micro_steps(mr, nv, is_whole, true, true, t, acc);
	else if (t->rs == 1)
		micro_steps(mr, nv, is_whole, false, false, t, acc);
	else
		micro_steps(mr, nv, is_whole, false, true, t, acc);
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
