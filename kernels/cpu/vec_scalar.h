/* v16 as an array: the definition of what vec_avx2.h, vec_avx512.h and vec_neon.h do, lane by
 * lane (see vec.h). */
#ifndef KERNELS_CPU_VEC_SCALAR_H
#define KERNELS_CPU_VEC_SCALAR_H

#include <math.h>

/* Sixteen lanes as loops, inlined everywhere, take compilers minutes; this table only has to be right. */
#define LANES_INLINE static __attribute__((noinline, unused))

typedef struct {
	float x[16];
} v16;
typedef struct {
	unsigned char x[16];
} m16;
typedef struct {
	int32_t x[16];
} i16;

#define V_LANES(type, expression)                                                                            \
	type r;                                                                                              \
	for (int i = 0; i < 16; i++)                                                                         \
		r.x[i] = (expression);                                                                       \
	return r

LANES_INLINE uint32_t v_bits(float x)
{
	uint32_t u;
	memcpy(&u, &x, sizeof u);
	return u;
}

LANES_INLINE float v_of_bits(uint32_t u)
{
	float x;
	memcpy(&x, &u, sizeof x);
	return x;
}

LANES_INLINE m16 v_first(int n)
{
	V_LANES(m16, i < n);
}

LANES_INLINE v16 v_set(float x)
{
	V_LANES(v16, x);
}

LANES_INLINE v16 v_halves(v16 low, v16 high)
{
	V_LANES(v16, i < 8 ? low.x[i] : high.x[i]);
}

LANES_INLINE v16 v_load(const float *p)
{
	V_LANES(v16, p[i]);
}

LANES_INLINE v16 v_load_n(const float *p, int n)
{
	V_LANES(v16, i < n ? p[i] : 0.0f);
}

LANES_INLINE v16 v_load_n_or(const float *p, int n, float otherwise)
{
	V_LANES(v16, i < n ? p[i] : otherwise);
}

LANES_INLINE void v_store(float *p, v16 v)
{
	for (int i = 0; i < 16; i++)
		p[i] = v.x[i];
}

LANES_INLINE void v_store_n(float *p, v16 v, int n)
{
	for (int i = 0; i < n; i++)
		p[i] = v.x[i];
}

LANES_INLINE v16 v_add(v16 a, v16 b)
{
	V_LANES(v16, a.x[i] + b.x[i]);
}

LANES_INLINE v16 v_sub(v16 a, v16 b)
{
	V_LANES(v16, a.x[i] - b.x[i]);
}

LANES_INLINE v16 v_mul(v16 a, v16 b)
{
	V_LANES(v16, a.x[i] * b.x[i]);
}

LANES_INLINE v16 v_div(v16 a, v16 b)
{
	V_LANES(v16, a.x[i] / b.x[i]);
}

LANES_INLINE v16 v_fma(v16 a, v16 b, v16 c)
{
	V_LANES(v16, fmaf(a.x[i], b.x[i], c.x[i]));
}

LANES_INLINE v16 v_max(v16 a, v16 b)
{
	V_LANES(v16, a.x[i] > b.x[i] ? a.x[i] : b.x[i]);
}

LANES_INLINE v16 v_min(v16 a, v16 b)
{
	V_LANES(v16, a.x[i] < b.x[i] ? a.x[i] : b.x[i]);
}

LANES_INLINE v16 v_sqrt(v16 a)
{
	V_LANES(v16, sqrtf(a.x[i]));
}

LANES_INLINE v16 v_neg(v16 a)
{
	V_LANES(v16, v_of_bits(v_bits(a.x[i]) ^ 0x80000000u));
}

LANES_INLINE v16 v_abs(v16 a)
{
	V_LANES(v16, v_of_bits(v_bits(a.x[i]) & 0x7fffffffu));
}

LANES_INLINE v16 v_copysign(v16 a, v16 b)
{
	V_LANES(v16, v_of_bits((v_bits(a.x[i]) & 0x7fffffffu) | (v_bits(b.x[i]) & 0x80000000u)));
}

LANES_INLINE m16 v_less(v16 a, v16 b)
{
	V_LANES(m16, a.x[i] < b.x[i]);
}

LANES_INLINE v16 v_select(m16 m, v16 a, v16 b)
{
	V_LANES(v16, m.x[i] ? a.x[i] : b.x[i]);
}

/* As cvtps2dq for a whole number: what does not fit, NaN too, is INT32_MIN. */
static inline uint32_t v_whole(float x)
{
	return x >= -2147483648.0f && x < 2147483648.0f ? (uint32_t)(int32_t)x : 0x80000000u;
}

LANES_INLINE v16 v_pow2(v16 n)
{
	V_LANES(v16, v_of_bits((v_whole(n.x[i]) + 127u) << 23));
}

LANES_INLINE v16 v_raise(v16 x, v16 m)
{
	V_LANES(v16, v_of_bits(v_bits(x.x[i]) + (v_bits(m.x[i]) << 23)));
}

LANES_INLINE v16 v_exponent(v16 x)
{
	V_LANES(v16, (float)((int32_t)(v_bits(x.x[i]) >> 23) - 127));
}

LANES_INLINE v16 v_mantissa(v16 x)
{
	V_LANES(v16, v_of_bits((v_bits(x.x[i]) & 0x007fffffu) | 0x3f800000u));
}

LANES_INLINE i16 v_set_index(int index)
{
	V_LANES(i16, index);
}

LANES_INLINE i16 v_low_bits(v16 x)
{
	V_LANES(i16, (int32_t)(v_bits(x.x[i]) & 15));
}

LANES_INLINE v16 v_lookup(v16 table, i16 index)
{
	V_LANES(v16, table.x[index.x[i]]);
}

LANES_INLINE i16 v_select_index(m16 m, i16 a, i16 b)
{
	V_LANES(i16, m.x[i] ? a.x[i] : b.x[i]);
}

LANES_INLINE void v_store_index_n(int32_t *p, i16 v, int n)
{
	for (int i = 0; i < n; i++)
		p[i] = v.x[i];
}

LANES_INLINE void v_transpose(v16 r[16])
{
	for (int i = 0; i < 16; i++) {
		for (int j = 0; j < i; j++) {
			float kept = r[i].x[j];
			r[i].x[j] = r[j].x[i];
			r[j].x[i] = kept;
		}
	}
}

LANES_INLINE float v_sum(v16 v)
{
	for (int half = 8; half > 0; half /= 2)
		for (int i = 0; i < half; i++)
			v.x[i] += v.x[i + half];
	return v.x[0];
}

LANES_INLINE float v_maximum(v16 v)
{
	for (int half = 8; half > 0; half /= 2)
		for (int i = 0; i < half; i++)
			v.x[i] = v.x[i] > v.x[i + half] ? v.x[i] : v.x[i + half];
	return v.x[0];
}

#endif
