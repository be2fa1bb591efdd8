/* v16 as two ymm registers (see vec.h). */
#ifndef KERNELS_CPU_VEC_AVX2_H
#define KERNELS_CPU_VEC_AVX2_H

#include <immintrin.h>

typedef struct {
	__m256 low, high;
} v16;
typedef v16 m16;
typedef struct {
	__m256i low, high;
} i16;

#define V_PAIR(low_, high_)                                                                                  \
	(v16)                                                                                                \
	{                                                                                                    \
		low_, high_                                                                                  \
	}

/* All ones in the first n of 8 lanes; n may be negative or above 8. */
INLINE __m256i v_half_mask(int n)
{
	return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

INLINE v16 v_set(float x)
{
	return V_PAIR(_mm256_set1_ps(x), _mm256_set1_ps(x));
}

INLINE v16 v_halves(v16 low, v16 high)
{
	return V_PAIR(low.low, high.high);
}

INLINE v16 v_load(const float *p)
{
	return V_PAIR(_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8));
}

INLINE v16 v_load_n(const float *p, int n)
{
	return V_PAIR(_mm256_maskload_ps(p, v_half_mask(n)), _mm256_maskload_ps(p + 8, v_half_mask(n - 8)));
}

INLINE v16 v_load_n_or(const float *p, int n, float otherwise)
{
	v16 v = v_load_n(p, n);
	__m256 o = _mm256_set1_ps(otherwise);
	return V_PAIR(_mm256_blendv_ps(o, v.low, _mm256_castsi256_ps(v_half_mask(n))),
		      _mm256_blendv_ps(o, v.high, _mm256_castsi256_ps(v_half_mask(n - 8))));
}

INLINE void v_store(float *p, v16 v)
{
	_mm256_storeu_ps(p, v.low);
	_mm256_storeu_ps(p + 8, v.high);
}

INLINE void v_store_n(float *p, v16 v, int n)
{
	_mm256_maskstore_ps(p, v_half_mask(n), v.low);
	_mm256_maskstore_ps(p + 8, v_half_mask(n - 8), v.high);
}

INLINE v16 v_add(v16 a, v16 b)
{
	return V_PAIR(_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high));
}

INLINE v16 v_sub(v16 a, v16 b)
{
	return V_PAIR(_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high));
}

INLINE v16 v_mul(v16 a, v16 b)
{
	return V_PAIR(_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high));
}

INLINE v16 v_div(v16 a, v16 b)
{
	return V_PAIR(_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high));
}

INLINE v16 v_fma(v16 a, v16 b, v16 c)
{
	return V_PAIR(_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high));
}

INLINE v16 v_max(v16 a, v16 b)
{
	return V_PAIR(_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high));
}

INLINE v16 v_min(v16 a, v16 b)
{
	return V_PAIR(_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high));
}

INLINE v16 v_sqrt(v16 a)
{
	return V_PAIR(_mm256_sqrt_ps(a.low), _mm256_sqrt_ps(a.high));
}

INLINE v16 v_neg(v16 a)
{
	__m256 sign = _mm256_set1_ps(-0.0f);
	return V_PAIR(_mm256_xor_ps(a.low, sign), _mm256_xor_ps(a.high, sign));
}

INLINE v16 v_abs(v16 a)
{
	__m256 sign = _mm256_set1_ps(-0.0f);
	return V_PAIR(_mm256_andnot_ps(sign, a.low), _mm256_andnot_ps(sign, a.high));
}

INLINE v16 v_copysign(v16 a, v16 b)
{
	__m256 sign = _mm256_set1_ps(-0.0f);
	return V_PAIR(_mm256_or_ps(_mm256_andnot_ps(sign, a.low), _mm256_and_ps(sign, b.low)),
		      _mm256_or_ps(_mm256_andnot_ps(sign, a.high), _mm256_and_ps(sign, b.high)));
}

INLINE m16 v_less(v16 a, v16 b)
{
	return V_PAIR(_mm256_cmp_ps(a.low, b.low, _CMP_LT_OQ), _mm256_cmp_ps(a.high, b.high, _CMP_LT_OQ));
}

INLINE v16 v_select(m16 m, v16 a, v16 b)
{
	return V_PAIR(_mm256_blendv_ps(b.low, a.low, m.low), _mm256_blendv_ps(b.high, a.high, m.high));
}

INLINE m16 v_first(int n)
{
	return V_PAIR(_mm256_castsi256_ps(v_half_mask(n)), _mm256_castsi256_ps(v_half_mask(n - 8)));
}

INLINE __m256 v_half_pow2(__m256 n)
{
	__m256i i = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
	return _mm256_castsi256_ps(_mm256_slli_epi32(i, 23));
}

INLINE v16 v_pow2(v16 n)
{
	return V_PAIR(v_half_pow2(n.low), v_half_pow2(n.high));
}

INLINE __m256 v_half_raise(__m256 x, __m256 m)
{
	__m256i n = _mm256_slli_epi32(_mm256_castps_si256(m), 23);
	return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), n));
}

INLINE v16 v_raise(v16 x, v16 m)
{
	return V_PAIR(v_half_raise(x.low, m.low), v_half_raise(x.high, m.high));
}

INLINE __m256 v_half_exponent(__m256 x)
{
	__m256i i = _mm256_srai_epi32(_mm256_castps_si256(x), 23);
	return _mm256_cvtepi32_ps(_mm256_sub_epi32(i, _mm256_set1_epi32(127)));
}

INLINE v16 v_exponent(v16 x)
{
	return V_PAIR(v_half_exponent(x.low), v_half_exponent(x.high));
}

INLINE v16 v_mantissa(v16 x)
{
	__m256 field = _mm256_castsi256_ps(_mm256_set1_epi32(0x007fffff)), one = _mm256_set1_ps(1.0f);
	return V_PAIR(_mm256_or_ps(_mm256_and_ps(x.low, field), one),
		      _mm256_or_ps(_mm256_and_ps(x.high, field), one));
}

INLINE i16 v_set_index(int i)
{
	return (i16){_mm256_set1_epi32(i), _mm256_set1_epi32(i)};
}

INLINE i16 v_low_bits(v16 x)
{
	return (i16){_mm256_castps_si256(x.low), _mm256_castps_si256(x.high)};
}

INLINE __m256 v_half_lookup(v16 table, __m256i index)
{
	__m256 low = _mm256_permutevar8x32_ps(table.low, index),
	       high = _mm256_permutevar8x32_ps(table.high, index);
	return _mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(index, 28))); /* by bit 3 */
}

INLINE v16 v_lookup(v16 table, i16 index)
{
	return V_PAIR(v_half_lookup(table, index.low), v_half_lookup(table, index.high));
}

/* A table of sixteen takes five instructions a half, its first eight only one. GELU's arguments rarely need
 * more: it pays to look. */
#define V_HAS_LOW_LOOKUP 1

INLINE int v_is_low(i16 index)
{
	return _mm256_testz_si256(_mm256_or_si256(index.low, index.high), _mm256_set1_epi32(8));
}

/* The index of v_lookup_low. Opaque, else the compiler looks up for both cases before it knows which. */
INLINE i16 v_low(i16 index)
{
	__asm__("" : "+x"(index.low), "+x"(index.high));
	return index;
}

INLINE v16 v_lookup_low(const float *table, i16 index)
{
	__m256 low = _mm256_loadu_ps(table);
	return V_PAIR(_mm256_permutevar8x32_ps(low, index.low), _mm256_permutevar8x32_ps(low, index.high));
}

INLINE i16 v_select_index(m16 m, i16 a, i16 b)
{
	return (i16){_mm256_blendv_epi8(b.low, a.low, _mm256_castps_si256(m.low)),
		     _mm256_blendv_epi8(b.high, a.high, _mm256_castps_si256(m.high))};
}

INLINE void v_store_index_n(int32_t *p, i16 v, int n)
{
	_mm256_maskstore_epi32(p, v_half_mask(n), v.low);
	_mm256_maskstore_epi32(p + 8, v_half_mask(n - 8), v.high);
}

INLINE void v_transpose_8(__m256 r[8])
{
	__m256 t[8];
	UNROLL
	for (int i = 0; i < 8; i += 4) {
		__m256 a = _mm256_unpacklo_ps(r[i], r[i + 1]), b = _mm256_unpackhi_ps(r[i], r[i + 1]);
		__m256 c = _mm256_unpacklo_ps(r[i + 2], r[i + 3]), d = _mm256_unpackhi_ps(r[i + 2], r[i + 3]);
		t[i] = _mm256_shuffle_ps(a, c, 0x44);
		t[i + 1] = _mm256_shuffle_ps(a, c, 0xee);
		t[i + 2] = _mm256_shuffle_ps(b, d, 0x44);
		t[i + 3] = _mm256_shuffle_ps(b, d, 0xee);
	}
	UNROLL
	for (int c = 0; c < 4; c++) {
		r[c] = _mm256_permute2f128_ps(t[c], t[4 + c], 0x20);
		r[4 + c] = _mm256_permute2f128_ps(t[c], t[4 + c], 0x31);
	}
}

INLINE void v_transpose(v16 r[16])
{
	__m256 block[4][8];
	UNROLL
	for (int i = 0; i < 8; i++) {
		block[0][i] = r[i].low;
		block[1][i] = r[i].high;
		block[2][i] = r[i + 8].low;
		block[3][i] = r[i + 8].high;
	}
	UNROLL
	for (int b = 0; b < 4; b++)
		v_transpose_8(block[b]);
	UNROLL
	for (int i = 0; i < 8; i++) {
		r[i] = V_PAIR(block[0][i], block[2][i]);
		r[i + 8] = V_PAIR(block[1][i], block[3][i]);
	}
}

INLINE float v_sum(v16 v)
{
	__m256 h = _mm256_add_ps(v.low, v.high);
	__m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
	q = _mm_add_ps(q, _mm_movehl_ps(q, q));
	q = _mm_add_ss(q, _mm_shuffle_ps(q, q, 1));
	return _mm_cvtss_f32(q);
}

INLINE float v_maximum(v16 v)
{
	__m256 h = _mm256_max_ps(v.low, v.high);
	__m128 q = _mm_max_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
	q = _mm_max_ps(q, _mm_movehl_ps(q, q));
	q = _mm_max_ss(q, _mm_shuffle_ps(q, q, 1));
	return _mm_cvtss_f32(q);
}

#endif
