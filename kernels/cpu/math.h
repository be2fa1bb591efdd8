/*
 * exp, exp2, log and GELU over v16, in float: fixed sequences of + * fma and selections, the same bits in
 * every instruction set. Errors against the exact functions are held in tests/unit/kernels_elementwise.c.
 */
#ifndef KERNELS_CPU_MATH_H
#define KERNELS_CPU_MATH_H

#include <stdbool.h>

#include "kernels/cpu/vec.h"
#include "kernels/gelu.h"

#if defined HAS_VECTORS
#define MATH_INLINE INLINE
#else
#define MATH_INLINE static __attribute__((noinline, unused))
#endif

/* exp(x): 1 ulp; 0 below -86 (a softmax weight of 4e-38 is nothing), infinity above 88.7; NaN gives NaN.
 * x = n ln 2 + r, |r| <= ln 2 / 2; exp(r) by a minimax polynomial of degree 6. */
MATH_INLINE v16 v_exp(v16 x)
{
	const v16 magic = v_set(12582912.0f); /* 1.5 * 2^23: adding it rounds to an integer */
	v16 c = v_max(v_set(-87.0f),
		      v_min(v_set(89.0f), x)); /* NaN stays: both return their second operand */
	v16 n = v_sub(v_fma(c, v_set(1.44269504f), magic), magic);
	v16 r = v_fma(n, v_set(-0x1.62e4p-1f), c);
	r = v_fma(n, v_set(-0x1.7f7d1cp-20f), r);
	v16 p = v_set(0x1.6850e4p-10f);
	p = v_fma(p, r, v_set(0x1.123bccp-7f));
	p = v_fma(p, r, v_set(0x1.555b98p-5f));
	p = v_fma(p, r, v_set(0x1.55548ep-3f));
	p = v_fma(p, r, v_set(0x1.fffff8p-2f));
	p = v_fma(p, r, v_set(1.0f));
	p = v_fma(p, r, v_set(1.0f));
	/* 2^n in two factors: n may be 128 */
	v16 y = v_mul(v_mul(p, v_pow2(v_sub(n, v_set(1.0f)))), v_set(2.0f));
	return v_select(v_less(x, v_set(-86.0f)), v_set(0.0f), y);
}

/* 2^x for x <= 0: 3 ulp; 2^-100 below -100 (a softmax weight of 8e-31 is nothing, and no product with it is
 * subnormal); NaN gives NaN. 2^r, |r| <= 1/2, by a minimax polynomial of degree 5 that is 1 at 0; the whole
 * part is added to its exponent. */
MATH_INLINE v16 v_exp2(v16 x)
{
	const v16 magic = v_set(12582912.0f); /* 1.5 * 2^23: the sum's low bits are the whole number */
	v16 c = v_max(v_set(-100.0f), x), n = v_add(c, magic);
	v16 r = v_sub(c, v_sub(n, magic)), p = v_set(0x1.5bba14p-10f);
	p = v_fma(p, r, v_set(0x1.3cea88p-7f));
	p = v_fma(p, r, v_set(0x1.c6b752p-5f));
	p = v_fma(p, r, v_set(0x1.ebf9bcp-3f));
	p = v_fma(p, r, v_set(0x1.62e42ap-1f));
	p = v_fma(p, r, v_set(1.0f));
	return v_raise(p, n);
}

/* log(x) for normal positive x: 2 ulp. Zero, subnormals, negatives and non-finite values are the caller's to
 * exclude. x = 2^e m, m in [sqrt(1/2), sqrt(2)); log(1 + f) by Cephes' polynomial of degree 8. */
MATH_INLINE v16 v_log(v16 x)
{
	v16 e = v_exponent(x), m = v_mantissa(x);
	m16 is_high = v_less(v_set(1.41421356f), m);
	e = v_select(is_high, v_add(e, v_set(1.0f)), e);
	v16 f = v_sub(v_select(is_high, v_mul(m, v_set(0.5f)), m), v_set(1.0f)), z = v_mul(f, f);
	v16 p = v_set(7.0376836292e-2f);
	p = v_fma(p, f, v_set(-1.1514610310e-1f));
	p = v_fma(p, f, v_set(1.1676998740e-1f));
	p = v_fma(p, f, v_set(-1.2420140846e-1f));
	p = v_fma(p, f, v_set(1.4249322787e-1f));
	p = v_fma(p, f, v_set(-1.6668057665e-1f));
	p = v_fma(p, f, v_set(2.0000714765e-1f));
	p = v_fma(p, f, v_set(-2.4999993993e-1f));
	p = v_fma(p, f, v_set(3.3333331174e-1f));
	p = v_mul(v_mul(p, f), z);
	p = v_fma(e, v_set(-2.12194440e-4f), p);
	p = v_fma(v_set(-0.5f), z, p);
	return v_fma(e, v_set(0.693359375f), v_add(f, p));
}

/* A polynomial in t, of its own in each piece. is_low: all pieces are below 8, where half a table will do. */
MATH_INLINE v16 v_polynomial(v16 t, i16 piece, const float (*table)[16], const int degree, bool is_low)
{
	v16 p;
	if (is_low) {
		piece = v_low(piece);
		p = v_lookup_low(table[degree], piece);
		UNROLL
		for (int d = degree - 1; d >= 0; d--)
			p = v_fma(p, t, v_lookup_low(table[d], piece));
	} else {
		p = v_lookup(v_load(table[degree]), piece);
		UNROLL
		for (int d = degree - 1; d >= 0; d--)
			p = v_fma(p, t, v_lookup(v_load(table[d]), piece));
	}
	return p;
}

/* q(|x|) with the sign of x, where q is a polynomial of its own in each of 16 pieces of width step; t is
 * the distance from the middle of the piece. table[d] holds the coefficients of t^d; the last piece is
 * the constant limit. */
MATH_INLINE v16 v_piecewise(v16 x, const float (*table)[16], const int degree, float step)
{
	const v16 magic = v_set(12582912.0f);
	v16 a = v_min(v_set(15.5f * step), v_abs(x)); /* NaN stays: min returns its second operand */
	v16 shifted = v_add(v_fma(a, v_set(1.0f / step), v_set(-0.5f)), magic), n = v_sub(shifted, magic);
	v16 t = v_fma(n, v_set(-step), v_sub(a, v_set(0.5f * step)));
	i16 piece = v_low_bits(shifted);
	v16 p = v_polynomial(t, piece, table, degree, V_HAS_LOW_LOOKUP && v_is_low(piece));
	return v_copysign(p, x);
}

/* x Phi(x) (Hendrycks and Gimpel 2016, exact form), and its derivative Phi(x) + x phi(x). */
MATH_INLINE v16 v_gelu(v16 x)
{
	return v_mul(x, v_add(v_piecewise(x, gelu_phi, 5, 0.375f), v_set(0.5f)));
}

MATH_INLINE v16 v_gelu_gradient(v16 x)
{
	return v_add(v_piecewise(x, gelu_slope, 6, 0.4375f), v_set(0.5f));
}

#endif
