/*
 * exp, 2^x, log and GELU of one float: lane by lane what kernels/cpu/math.h computes, the same bits. A NaN
 * stays one, whatever bits a card gives it.
 */
#ifndef KERNELS_CUDA_MATH_H
#define KERNELS_CUDA_MATH_H

#include "kernels/cuda/gpu.h"
#include "kernels/gelu.h"

/* The second if either is NaN. */
DEV float larger(float x, float y)
{
	return x > y ? x : y;
}

DEV float smaller(float x, float y)
{
	return x < y ? x : y;
}

DEV float exp_of(float x)
{
	const float magic = 12582912.0f;
	float c = larger(-87.0f, smaller(89.0f, x));
	float n = SUB(FMA(c, 1.44269504f, magic), magic), r = FMA(n, -0x1.62e4p-1f, c);
	r = FMA(n, -0x1.7f7d1cp-20f, r);
	float p = 0x1.6850e4p-10f;
	p = FMA(p, r, 0x1.123bccp-7f);
	p = FMA(p, r, 0x1.555b98p-5f);
	p = FMA(p, r, 0x1.55548ep-3f);
	p = FMA(p, r, 0x1.fffff8p-2f);
	p = FMA(p, r, 1.0f);
	p = FMA(p, r, 1.0f);
	int whole = n == n ? (int)n - 1 : 0;
	float y = MUL(MUL(p, FLOAT((uint32_t)(whole + 127) << 23)), 2.0f);
	return x < -86.0f ? 0.0f : y;
}

DEV float exp2_of(float x)
{
	const float magic = 12582912.0f;
	float c = larger(-100.0f, x), n = ADD(c, magic);
	float r = SUB(c, SUB(n, magic)), p = 0x1.5bba14p-10f;
	p = FMA(p, r, 0x1.3cea88p-7f);
	p = FMA(p, r, 0x1.c6b752p-5f);
	p = FMA(p, r, 0x1.ebf9bcp-3f);
	p = FMA(p, r, 0x1.62e42ap-1f);
	p = FMA(p, r, 1.0f);
	/* a card's NaN is 0x7fffffff: with n's bits added it would be a number */
	return p == p ? FLOAT(BITS(p) + (BITS(n) << 23)) : p;
}

/* Of a normal positive x. */
DEV float log_of(float x)
{
	float e = (float)((int)(BITS(x) >> 23) - 127), m = FLOAT((BITS(x) & 0x007fffffu) | 0x3f800000u);
	int is_high = 1.41421356f < m;
	e = is_high ? ADD(e, 1.0f) : e;
	float f = SUB(is_high ? MUL(m, 0.5f) : m, 1.0f), z = MUL(f, f), p = 7.0376836292e-2f;
	p = FMA(p, f, -1.1514610310e-1f);
	p = FMA(p, f, 1.1676998740e-1f);
	p = FMA(p, f, -1.2420140846e-1f);
	p = FMA(p, f, 1.4249322787e-1f);
	p = FMA(p, f, -1.6668057665e-1f);
	p = FMA(p, f, 2.0000714765e-1f);
	p = FMA(p, f, -2.4999993993e-1f);
	p = FMA(p, f, 3.3333331174e-1f);
	p = MUL(MUL(p, f), z);
	p = FMA(e, -2.12194440e-4f, p);
	p = FMA(-0.5f, z, p);
	return FMA(e, 0.693359375f, ADD(f, p));
}

/* q(|x|) with the sign of x, q a polynomial of its own in each of 16 pieces of width step. */
DEV float piecewise(float x, const float (*table)[16], const int degree, float step)
{
	const float magic = 12582912.0f;
	float of_x = FLOAT(BITS(x) & 0x7fffffffu), a = smaller(MUL(15.5f, step), of_x);
	float shifted = ADD(FMA(a, DIV(1.0f, step), -0.5f), magic), n = SUB(shifted, magic);
	float t = FMA(n, -step, SUB(a, MUL(0.5f, step)));
	uint32_t piece = BITS(shifted) & 15;
	float p = table[degree][piece];
	UNROLL
	for (int d = degree - 1; d >= 0; d--)
		p = FMA(p, t, table[d][piece]);
	return FLOAT((BITS(p) & 0x7fffffffu) | (BITS(x) & 0x80000000u));
}

DEV float gelu_of(float x)
{
	return MUL(x, ADD(piecewise(x, gelu_phi, 5, 0.375f), 0.5f));
}

DEV float gelu_gradient_of(float x)
{
	return ADD(piecewise(x, gelu_slope, 6, 0.4375f), 0.5f);
}

#endif
