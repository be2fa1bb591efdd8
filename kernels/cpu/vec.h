/*
 * Sixteen float lanes in every instruction set: one zmm, two ymm, four NEON registers, or an array. Kernels
 * are written once over v16, so what a lane computes, and the order in which lanes are folded, is the same
 * everywhere (docs/numerics.md).
 *
 *	v16 sum = v_set(0);
 *	for (; i + 16 <= n; i += 16)
 *		sum = v_add(v_load(x + i), sum);
 *	if (i < n)
 *		sum = v_add(v_load_n(x + i, n - i), sum); // lanes beyond n hold +0
 *	float s = v_sum(sum);
 *
 * There is no fused negated product: valgrind gives its zeros another sign than processors do. Negate a
 * factor. A sum starts at +0, so it never is -0 and a lane that adds +0 changes nothing.
 * v_max(a, b) is a > b ? a : b and v_min(a, b) is a < b ? a : b: b if either is NaN, as maxps and minps.
 */
#ifndef KERNELS_CPU_VEC_H
#define KERNELS_CPU_VEC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/cpu/isa.h"

#if defined __AVX512F__
#include "kernels/cpu/vec_avx512.h"
#elif defined __AVX2__
#include "kernels/cpu/vec_avx2.h"
#elif defined CPU_NEON
#include "kernels/cpu/vec_neon.h"
#else
#include "kernels/cpu/vec_scalar.h"
#endif

#if defined HAS_VECTORS
#define VEC_INLINE INLINE
#else
#define VEC_INLINE LANES_INLINE
#endif

#if !defined V_HAS_LOW_LOOKUP
#define V_HAS_LOW_LOOKUP	   0
#define v_is_low(index)		   0
#define v_low(index)		   (index)
#define v_lookup_low(table, index) v_lookup(v_load(table), index)
#endif

/* The first n lanes of p, 1 <= n <= 16. */
VEC_INLINE v16 v_load_up_to(const float *p, int n)
{
	return n >= 16 ? v_load(p) : v_load_n(p, n);
}

VEC_INLINE void v_store_up_to(float *p, v16 v, int n)
{
	if (n >= 16)
		v_store(p, v);
	else
		v_store_n(p, v, n);
}

/* to[c][0..16] = column c of from[rows][cols], rows and cols at most 16; lanes from rows on hold zeros. Rows
 * of `to` may overlap: they are written in ascending order. */
VEC_INLINE void v_transpose_block(float *to, ptrdiff_t ld_to, const float *from, ptrdiff_t ld_from, int rows,
				  int cols)
{
	v16 r[16];
	if (rows == 16 && cols == 16) {
		UNROLL
		for (int i = 0; i < 16; i++)
			r[i] = v_load(from + i * ld_from);
		v_transpose(r);
		UNROLL
		for (int c = 0; c < 16; c++)
			v_store(to + c * ld_to, r[c]);
		return;
	}
	UNROLL
	for (int i = 0; i < 16; i++)
		r[i] = v_load_n(i < rows ? from + i * ld_from : from, i < rows ? cols : 0);
	v_transpose(r);
	UNROLL
	for (int c = 0; c < 16; c++)
		if (c < cols)
			v_store(to + c * ld_to, r[c]);
}

#endif
