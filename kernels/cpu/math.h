/*
 * exp, log, erf and GELU over v16, in float: fixed sequences of + * fma and selections, the same bits in
 * every instruction set. Errors against the exact functions are held in tests/unit/kernels_math.c.
 */
#ifndef KERNELS_CPU_MATH_H
#define KERNELS_CPU_MATH_H

#include "kernels/cpu/vec.h"

#if defined __AVX2__
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
	v16 r = v_fnma(n, v_set(0x1.62e4p-1f), c);
	r = v_fnma(n, v_set(0x1.7f7d1cp-20f), r);
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

/* erf(x): 1.2 ulp, after N. Juffa's two minimax forms: an odd polynomial near 0, 1 - exp(polynomial) beyond.
 */
MATH_INLINE v16 v_erf(v16 a)
{
	v16 t = v_abs(a), s = v_mul(a, a);
	v16 r = v_fma(v_set(-1.72853470e-5f), t, v_set(3.83197126e-4f));
	v16 u = v_fma(v_set(-3.88396438e-3f), t, v_set(2.42546219e-2f));
	r = v_fma(r, s, u);
	r = v_fma(r, t, v_set(-1.06777877e-1f));
	r = v_fma(r, t, v_set(-6.34846687e-1f));
	r = v_fma(r, t, v_set(-1.28717512e-1f));
	r = v_fma(r, t, v_neg(t));
	v16 far = v_copysign(v_sub(v_set(1.0f), v_exp(r)), a);
	v16 p = v_set(-5.96761703e-4f);
	p = v_fma(p, s, v_set(4.99119423e-3f));
	p = v_fma(p, s, v_set(-2.67681349e-2f));
	p = v_fma(p, s, v_set(1.12819925e-1f));
	p = v_fma(p, s, v_set(-3.76125336e-1f));
	p = v_fma(p, s, v_set(1.28379166e-1f));
	v16 near = v_fma(p, a, a);
	/* beyond 5 the first polynomial turns; erf is 1 in float from 3.92 on */
	far = v_select(v_less(v_set(4.0f), t), v_copysign(v_set(1.0f), a), far);
	return v_select(v_less(v_set(0.927734375f), t), far, near);
}

/* Phi(x), the normal distribution function. */
MATH_INLINE v16 v_phi(v16 x)
{
	return v_fma(v_erf(v_mul(x, v_set(0.70710678f))), v_set(0.5f), v_set(0.5f));
}

/* x Phi(x) (Hendrycks and Gimpel 2016, exact form), and its derivative Phi(x) + x phi(x). */
MATH_INLINE v16 v_gelu(v16 x)
{
	return v_mul(x, v_phi(x));
}

MATH_INLINE v16 v_gelu_gradient(v16 x)
{
	v16 density = v_mul(v_exp(v_mul(v_mul(x, x), v_set(-0.5f))), v_set(0.39894228f));
	return v_fma(x, density, v_phi(x));
}

#endif
