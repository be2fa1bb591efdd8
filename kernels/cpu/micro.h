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

#if !defined __AVX2__
#define UNROLL
#elif defined __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

/* mr, nv: constants. rows <= mr and cols <= 16 nv are what is stored (and loaded unless is_zero); all mr rows
 * of A and nv vectors of B are read. */
INLINE void micro_tile(const int mr, const int nv, int k, const float *a, ptrdiff_t rs, ptrdiff_t cs,
		       const float *b, ptrdiff_t ldb, float *c, ptrdiff_t ldc, bool is_zero, int rows,
		       int cols)
{
	v16 acc[14][3], row[3];
	UNROLL
	for (int r = 0; r < mr; r++) {
		UNROLL
		for (int v = 0; v < nv; v++)
			acc[r][v] = is_zero || r >= rows ? v_set(0)
							 : v_load_up_to(c + r * ldc + v * 16, cols - v * 16);
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
			if (r < rows)
				v_store_up_to(c + r * ldc + v * 16, acc[r][v], cols - v * 16);
	}
}

#endif
