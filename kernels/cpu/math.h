/*
 * exp, exp2, log and GELU over v16, in float: fixed sequences of + * fma and selections, the same bits in
 * every instruction set. Errors against the exact functions are held in tests/unit/kernels_elementwise.c.
 */
#ifndef KERNELS_CPU_MATH_H
#define KERNELS_CPU_MATH_H

#include <stdbool.h>

#include "kernels/cpu/vec.h"

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

/* Least-squares fits at Chebyshev points (docs/numerics.md) of Phi(x) - 1/2, error 3e-8, and of Phi(x) + x
 * phi(x) - 1/2, error 6e-8; Phi and phi are the normal distribution's function and density. */
static const float math_phi[6][16] = {
	{0x1.309a12p-4f, 0x1.b47438p-3f, 0x1.4d9138p-2f, 0x1.9f0d52p-2f, 0x1.d125f6p-2f, 0x1.ebf334p-2f,
	 0x1.f86d8cp-2f, 0x1.fd7baep-2f, 0x1.ff43e6p-2f, 0x1.ffcfdap-2f, 0x1.fff536p-2f, 0x1.fffde2p-2f,
	 0x1.ffffa4p-2f, 0x1.fffff2p-2f, 0x1.fffffep-2f, 0x1.000000p-1f},
	{0x1.916610p-2f, 0x1.5cbdc0p-2f, 0x1.073e62p-2f, 0x1.594762p-3f, 0x1.8977cap-4f, 0x1.858fbcp-5f,
	 0x1.4f18bap-6f, 0x1.f4dda2p-8f, 0x1.4536f2p-9f, 0x1.6eec90p-11f, 0x1.67acb6p-13f, 0x1.325126p-15f,
	 0x1.c54df8p-18f, 0x1.236968p-20f, 0x1.458602p-23f, 0},
	{-0x1.2d0a5ep-5f, -0x1.885326p-4f, -0x1.ed9342p-4f, -0x1.c52d84p-4f, -0x1.4bfdf2p-4f, -0x1.91be1cp-5f,
	 -0x1.986800p-6f, -0x1.602c22p-7f, -0x1.0325a8p-8f, -0x1.46c2b0p-10f, -0x1.61fc36p-12f,
	 -0x1.4a2260p-14f, -0x1.09763ep-16f, -0x1.708346p-19f, -0x1.b9fb76p-22f, 0},
	{-0x1.022fccp-4f, -0x1.3ddc9ap-5f, -0x1.54128cp-8f, 0x1.4cad42p-6f, 0x1.e4a846p-6f, 0x1.a68902p-6f,
	 0x1.13fac8p-6f, 0x1.206d64p-7f, 0x1.f081c6p-9f, 0x1.657b1ep-10f, 0x1.b2b144p-12f, 0x1.c122b8p-14f,
	 0x1.8c0434p-16f, 0x1.2aeaa4p-18f, 0x1.83343ep-21f, 0},
	{0x1.26f094p-7f, 0x1.5c3668p-6f, 0x1.5af4c4p-6f, 0x1.8181e8p-7f, 0x1.1e67e8p-10f, -0x1.4b601cp-8f,
	 -0x1.8e3b0ap-8f, -0x1.200978p-8f, -0x1.368632p-9f, -0x1.0a4800p-10f, -0x1.762770p-12f,
	 -0x1.b5c9bap-14f, -0x1.aee0dep-16f, -0x1.6720bap-18f, -0x1.fd62aep-21f, 0},
	{0x1.2890f8p-7f, 0x1.bdc9d4p-9f, -0x1.9fdb6cp-9f, -0x1.8f18f2p-8f, -0x1.386dc6p-8f, -0x1.ceb132p-10f,
	 0x1.c84916p-12f, 0x1.2bd432p-10f, 0x1.e9cc5cp-11f, 0x1.0daa0cp-11f, 0x1.c62bdcp-13f, 0x1.32bcc0p-14f,
	 0x1.5453d0p-16f, 0x1.3a88ccp-18f, 0x1.e8b578p-21f, 0},
};
static const float math_slope[7][16] = {
	{0x1.5fcfc8p-3f, 0x1.d22e82p-2f, 0x1.34ad08p-1f, 0x1.40a9d6p-1f, 0x1.2d5d80p-1f, 0x1.170d82p-1f,
	 0x1.090b84p-1f, 0x1.02d042p-1f, 0x1.00b404p-1f, 0x1.00246ep-1f, 0x1.000600p-1f, 0x1.0000cep-1f,
	 0x1.000016p-1f, 0x1.000002p-1f, 0x1.000000p-1f, 0x1.000000p-1f},
	{0x1.8550d6p-1f, 0x1.02737ep-1f, 0x1.690d34p-3f, -0x1.5cd67ep-5f, -0x1.b96860p-4f, -0x1.567860p-4f,
	 -0x1.5cdb1ep-5f, -0x1.07297cp-6f, -0x1.332d96p-8f, -0x1.1b5994p-10f, -0x1.a21808p-13f,
	 -0x1.f126c2p-16f, -0x1.ded21ap-19f, -0x1.76e0b6p-22f, -0x1.de6f16p-26f, 0},
	{-0x1.58d386p-3f, -0x1.81c302p-2f, -0x1.5865dcp-2f, -0x1.409bcap-3f, -0x1.cb9e5ap-8f, 0x1.853566p-5f,
	 0x1.4d0c1ep-5f, 0x1.4d4062p-6f, 0x1.da9744p-8f, 0x1.ffbc40p-10f, 0x1.ade1eep-12f, 0x1.1dd672p-14f,
	 0x1.2fdb8ep-17f, 0x1.03ed32p-20f, 0x1.678758p-24f, 0},
	{-0x1.e78d10p-3f, -0x1.011d94p-4f, 0x1.b89fecp-4f, 0x1.23916cp-3f, 0x1.3e023ep-4f, 0x1.6a4416p-7f,
	 -0x1.e8ac7cp-7f, -0x1.bdd9a8p-7f, -0x1.aa15e6p-8f, -0x1.188f24p-9f, -0x1.130208p-11f,
	 -0x1.9f4be0p-14f, -0x1.ec412ap-17f, -0x1.cf5332p-20f, -0x1.5d0068p-23f, 0},
	{0x1.fc3624p-5f, 0x1.e471e2p-4f, 0x1.00cfe6p-4f, -0x1.2828a2p-6f, -0x1.730fe4p-5f, -0x1.b8e664p-6f,
	 -0x1.2e0558p-8f, 0x1.fc7e80p-9f, 0x1.cbbc86p-9f, 0x1.960d42p-10f, 0x1.e44156p-12f, 0x1.a8fc02p-14f,
	 0x1.1d06acp-16f, 0x1.2a43ccp-19f, 0x1.ed43dep-23f, 0},
	{0x1.998412p-5f, -0x1.5dc29ap-9f, -0x1.41ff5ap-5f, -0x1.bc7650p-6f, 0x1.f644fcp-11f, 0x1.81eb28p-7f,
	 0x1.d61344p-8f, 0x1.3ad66cp-10f, -0x1.cb42c6p-11f, -0x1.7f9a06p-11f, -0x1.32ac78p-12f,
	 -0x1.4828c2p-14f, -0x1.00e2dap-16f, -0x1.31fff8p-19f, -0x1.1b616ep-22f, 0},
	{-0x1.b5af6ap-7f, -0x1.615cf8p-6f, -0x1.0d15a4p-8f, 0x1.600c90p-7f, 0x1.11970ap-7f, 0x1.f0b80ep-13f,
	 -0x1.64c060p-9f, -0x1.933f7cp-10f, -0x1.a09eeap-13f, 0x1.7f6770p-13f, 0x1.0a6ad0p-13f,
	 0x1.724a94p-15f, 0x1.59b4dep-17f, 0x1.d7a16ap-20f, 0x1.e86a5ep-23f, 0},
};

/* x Phi(x) (Hendrycks and Gimpel 2016, exact form), and its derivative Phi(x) + x phi(x). */
MATH_INLINE v16 v_gelu(v16 x)
{
	return v_mul(x, v_add(v_piecewise(x, math_phi, 5, 0.375f), v_set(0.5f)));
}

MATH_INLINE v16 v_gelu_gradient(v16 x)
{
	return v_add(v_piecewise(x, math_slope, 6, 0.4375f), v_set(0.5f));
}

#endif
