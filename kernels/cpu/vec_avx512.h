/* v16 as one zmm register (see vec.h). */
#ifndef KERNELS_CPU_VEC_AVX512_H
#define KERNELS_CPU_VEC_AVX512_H

#include <immintrin.h>

typedef __m512 v16;
typedef __mmask16 m16;

INLINE m16 v_first(int n)
{
	return (m16)((1u << n) - 1u);
}

INLINE v16 v_set(float x)
{
	return _mm512_set1_ps(x);
}

/* Lanes 0 to 7 of low, 8 to 15 of high. */
INLINE v16 v_halves(v16 low, v16 high)
{
	__asm__("" : "+v"(high)); /* else gcc broadcasts it from memory a second time, under the mask */
	return _mm512_mask_blend_ps(0xff00, low, high);
}

INLINE v16 v_load(const float *p)
{
	return _mm512_loadu_ps(p);
}

/* Lanes from n on hold +0; memory behind p + n is not touched. 0 <= n <= 16 */
INLINE v16 v_load_n(const float *p, int n)
{
	return _mm512_maskz_loadu_ps(v_first(n), p);
}

INLINE v16 v_load_n_or(const float *p, int n, float otherwise)
{
	return _mm512_mask_loadu_ps(_mm512_set1_ps(otherwise), v_first(n), p);
}

INLINE void v_store(float *p, v16 v)
{
	_mm512_storeu_ps(p, v);
}

INLINE void v_store_n(float *p, v16 v, int n)
{
	_mm512_mask_storeu_ps(p, v_first(n), v);
}

INLINE v16 v_add(v16 a, v16 b)
{
	return _mm512_add_ps(a, b);
}

INLINE v16 v_sub(v16 a, v16 b)
{
	return _mm512_sub_ps(a, b);
}

INLINE v16 v_mul(v16 a, v16 b)
{
	return _mm512_mul_ps(a, b);
}

INLINE v16 v_div(v16 a, v16 b)
{
	return _mm512_div_ps(a, b);
}

/* a * b + c with one rounding. */
INLINE v16 v_fma(v16 a, v16 b, v16 c)
{
	return _mm512_fmadd_ps(a, b, c);
}

INLINE v16 v_max(v16 a, v16 b)
{
	return _mm512_max_ps(a, b);
}

INLINE v16 v_min(v16 a, v16 b)
{
	return _mm512_min_ps(a, b);
}

INLINE v16 v_sqrt(v16 a)
{
	return _mm512_sqrt_ps(a);
}

INLINE v16 v_neg(v16 a)
{
	return _mm512_castsi512_ps(
		_mm512_xor_si512(_mm512_castps_si512(a), _mm512_set1_epi32((int)0x80000000)));
}

INLINE v16 v_abs(v16 a)
{
	return _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(a), _mm512_set1_epi32(0x7fffffff)));
}

/* |a| with the sign of b. */
INLINE v16 v_copysign(v16 a, v16 b)
{
	return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(
		_mm512_set1_epi32(0x7fffffff), _mm512_castps_si512(a), _mm512_castps_si512(b), 0xca));
}

INLINE m16 v_less(v16 a, v16 b)
{
	return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}

/* Lane by lane m ? a : b. */
INLINE v16 v_select(m16 m, v16 a, v16 b)
{
	return _mm512_mask_blend_ps(m, b, a);
}

/* 2^n for n integral in [-126, 127]. */
INLINE v16 v_pow2(v16 n)
{
	__m512i i = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
	return _mm512_castsi512_ps(_mm512_slli_epi32(i, 23));
}

/* x 2^n, where n is the number in the low bits of m; nothing guards the exponent. */
INLINE v16 v_raise(v16 x, v16 m)
{
	return _mm512_castsi512_ps(
		_mm512_add_epi32(_mm512_castps_si512(x), _mm512_slli_epi32(_mm512_castps_si512(m), 23)));
}

/* The lanes' bits shifted right by 23, less 127, as floats; and the bits with the exponent set to that of 1.
 */
INLINE v16 v_exponent(v16 x)
{
	__m512i i = _mm512_srai_epi32(_mm512_castps_si512(x), 23);
	return _mm512_cvtepi32_ps(_mm512_sub_epi32(i, _mm512_set1_epi32(127)));
}

INLINE v16 v_mantissa(v16 x)
{
	__m512i i = _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(0x007fffff));
	return _mm512_castsi512_ps(_mm512_or_si512(i, _mm512_set1_epi32(0x3f800000)));
}

/* Lane by lane `at` where m, else the lane of v (indices kept beside a maximum). */
typedef __m512i i16;

INLINE i16 v_set_index(int i)
{
	return _mm512_set1_epi32(i);
}

/* The lanes' bits as numbers, of which v_lookup uses the lowest four; table lane index[i] as lane i. */
INLINE i16 v_low_bits(v16 x)
{
	return _mm512_castps_si512(x);
}

INLINE v16 v_lookup(v16 table, i16 index)
{
	return _mm512_permutexvar_ps(index, table);
}

INLINE i16 v_select_index(m16 m, i16 a, i16 b)
{
	return _mm512_mask_blend_epi32(m, b, a);
}

INLINE void v_store_index_n(int32_t *p, i16 v, int n)
{
	_mm512_mask_storeu_epi32(p, v_first(n), v);
}

/* Four rows of four: lane 4 i + j is p[i*ld + j]. */
INLINE v16 v_quads(const float *p, ptrdiff_t ld)
{
	__m512 x = _mm512_castps128_ps512(_mm_loadu_ps(p));
	x = _mm512_mask_broadcast_f32x4(x, 0x00f0, _mm_loadu_ps(p + ld));
	x = _mm512_mask_broadcast_f32x4(x, 0x0f00, _mm_loadu_ps(p + 2 * ld));
	return _mm512_mask_broadcast_f32x4(x, 0xf000, _mm_loadu_ps(p + 3 * ld));
}

/* The same row four times, its elements from n on being +0. */
INLINE v16 v_quad(const float *p, int n)
{
	return _mm512_broadcast_f32x4(_mm_maskz_loadu_ps((__mmask8)v_first(n), p));
}

/* Lane 4 i + j becomes lane 4 i + k. */
INLINE v16 v_in_quads(v16 x, const int k)
{
	switch (k) {
	case 0:
		return _mm512_permute_ps(x, 0x00);
	case 1:
		return _mm512_permute_ps(x, 0x55);
	case 2:
		return _mm512_permute_ps(x, 0xaa);
	default:
		return _mm512_permute_ps(x, 0xff);
	}
}

/* The first n of each row of four. */
INLINE void v_store_quads(float *p, ptrdiff_t ld, v16 x, int n)
{
	__mmask8 m = (__mmask8)v_first(n);
	_mm_mask_storeu_ps(p, m, _mm512_castps512_ps128(x));
	_mm_mask_storeu_ps(p + ld, m, _mm512_extractf32x4_ps(x, 1));
	_mm_mask_storeu_ps(p + 2 * ld, m, _mm512_extractf32x4_ps(x, 2));
	_mm_mask_storeu_ps(p + 3 * ld, m, _mm512_extractf32x4_ps(x, 3));
}

/* r[j] lane i becomes r[i] lane j. */
INLINE void v_transpose(v16 r[16])
{
	__m512 t[16];
	UNROLL
	for (int i = 0; i < 16; i += 4) {
		__m512 a = _mm512_unpacklo_ps(r[i], r[i + 1]), b = _mm512_unpackhi_ps(r[i], r[i + 1]);
		__m512 c = _mm512_unpacklo_ps(r[i + 2], r[i + 3]), d = _mm512_unpackhi_ps(r[i + 2], r[i + 3]);
		t[i] = _mm512_shuffle_ps(a, c, 0x44);
		t[i + 1] = _mm512_shuffle_ps(a, c, 0xee);
		t[i + 2] = _mm512_shuffle_ps(b, d, 0x44);
		t[i + 3] = _mm512_shuffle_ps(b, d, 0xee);
	}
	/* t[4q + c]: quarter h holds column 4h + c of rows 4q..4q+3 */
	UNROLL
	for (int c = 0; c < 4; c++) {
		__m512 a = _mm512_shuffle_f32x4(t[c], t[4 + c], 0x88),
		       b = _mm512_shuffle_f32x4(t[c], t[4 + c], 0xdd);
		__m512 d = _mm512_shuffle_f32x4(t[8 + c], t[12 + c], 0x88),
		       e = _mm512_shuffle_f32x4(t[8 + c], t[12 + c], 0xdd);
		r[c] = _mm512_shuffle_f32x4(a, d, 0x88);
		r[8 + c] = _mm512_shuffle_f32x4(a, d, 0xdd);
		r[4 + c] = _mm512_shuffle_f32x4(b, e, 0x88);
		r[12 + c] = _mm512_shuffle_f32x4(b, e, 0xdd);
	}
}

/* Folds 16 lanes to 8, 4, 2, 1: lane i with lane i + 8, then i + 4, i + 2, i + 1. */
INLINE float v_sum(v16 v)
{
	__m256 h = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
	__m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
	q = _mm_add_ps(q, _mm_movehl_ps(q, q));
	q = _mm_add_ss(q, _mm_shuffle_ps(q, q, 1));
	return _mm_cvtss_f32(q);
}

INLINE float v_maximum(v16 v)
{
	__m256 h = _mm256_max_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
	__m128 q = _mm_max_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
	q = _mm_max_ps(q, _mm_movehl_ps(q, q));
	q = _mm_max_ss(q, _mm_shuffle_ps(q, q, 1));
	return _mm_cvtss_f32(q);
}

#endif
