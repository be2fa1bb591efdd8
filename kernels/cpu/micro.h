/*
 * The inner loop of every product: C[rows,cols] = or += A B for one tile that stays in registers. A is read
 * one element at a time (a[r*rs + k*cs]), B sixteen columns at a time (b[k*ldb + j]). Each element of C is
 * one fma chain over ascending k; a tile may be left and taken up again, for storing and loading a float
 * changes nothing.
 */
#ifndef KERNELS_CPU_MICRO_H
#define KERNELS_CPU_MICRO_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/cpu/vec.h"

/* Tile in registers: MICRO_MR rows of MICRO_NV vectors; 14*2 + 2 + 1 of 32 zmm, (6 + 1)*2 + 1 of 16 ymm. */
#if defined __AVX512F__
enum { MICRO_MR = 14, MICRO_NV = 2 };
#elif defined __AVX2__
enum { MICRO_MR = 6, MICRO_NV = 1 };
#else
enum { MICRO_MR = 4, MICRO_NV = 1 };
#endif
enum { MICRO_NR = 16 * MICRO_NV };

/* Unrolled, the tile lives in registers. Sanitizers make each unrolled access a branch: minutes of compiling. */
#if defined __has_feature
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif
#if !defined __AVX2__ || defined __SANITIZE_ADDRESS__ || HAS_FEATURE(address_sanitizer)
#define UNROLL
#elif defined __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

/* C[mr, 16 nv] of constant size; is_zero: from 0, else from C's old values. */
INLINE void micro_tile(const int mr, const int nv, int k, const float *a, ptrdiff_t rs, ptrdiff_t cs,
		       const float *b, ptrdiff_t ldb, float *c, ptrdiff_t ldc, bool is_zero)
{
	v16 acc[MICRO_MR][MICRO_NV], row[MICRO_NV];
	UNROLL
	for (int r = 0; r < mr; r++) {
		UNROLL
		for (int v = 0; v < nv; v++)
			acc[r][v] = is_zero ? v_set(0) : v_load(c + r * ldc + v * 16);
	}
	for (; k > 0; k--, a += cs, b += ldb) {
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
		for (int v = 0; v < nv; v++)
			v_store(c + r * ldc + v * 16, acc[r][v]);
	}
}

/* A tile that sticks out of C is made in a full-sized one: what of C it covers goes in before and comes out after. */
static inline void micro_copy(float *to, ptrdiff_t ld_to, const float *from, ptrdiff_t ld_from, int rows,
			      int cols)
{
	for (int r = 0; r < rows; r++, to += ld_to, from += ld_from)
		memcpy(to, from, (size_t)cols * sizeof *to);
}

#endif
