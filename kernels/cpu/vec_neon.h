/* v16 as four registers of 128 bits (see vec.h). Masks and index lanes are whole words, as in vec_avx2.h. */
#ifndef KERNELS_CPU_VEC_NEON_H
#define KERNELS_CPU_VEC_NEON_H

#include <arm_neon.h>

typedef struct {
	float32x4_t q[4];
} v16;
typedef struct {
	uint32x4_t q[4];
} m16;
typedef struct {
	int32x4_t q[4];
} i16;

/* Of each quarter i in turn. */
#define V_QUARTERS(type, expression)                                                                         \
	type r;                                                                                              \
	UNROLL                                                                                               \
	for (int i = 0; i < 4; i++)                                                                          \
		r.q[i] = (expression);                                                                       \
	return r

/* All ones in the first n of 4 lanes; n may be negative or above 4. */
INLINE uint32x4_t v_quarter_mask(int n)
{
	static const int32_t lane[4] = {0, 1, 2, 3};
	return vcgtq_s32(vdupq_n_s32(n), vld1q_s32(lane));
}

INLINE m16 v_first(int n)
{
	V_QUARTERS(m16, v_quarter_mask(n - 4 * i));
}

INLINE v16 v_set(float x)
{
	V_QUARTERS(v16, vdupq_n_f32(x));
}

INLINE v16 v_halves(v16 low, v16 high)
{
	V_QUARTERS(v16, i < 2 ? low.q[i] : high.q[i]);
}

INLINE v16 v_load(const float *p)
{
	V_QUARTERS(v16, vld1q_f32(p + 4 * i));
}

/* There is no masked load: what lies behind p + n is not touched. */
INLINE float32x4_t v_quarter_load(const float *p, int n)
{
	float32x4_t v = vdupq_n_f32(0);
	if (n >= 4)
		return vld1q_f32(p);
	if (n > 0)
		v = vld1q_lane_f32(p, v, 0);
	if (n > 1)
		v = vld1q_lane_f32(p + 1, v, 1);
	if (n > 2)
		v = vld1q_lane_f32(p + 2, v, 2);
	return v;
}

INLINE v16 v_load_n(const float *p, int n)
{
	V_QUARTERS(v16, v_quarter_load(p + 4 * i, n - 4 * i));
}

INLINE v16 v_load_n_or(const float *p, int n, float otherwise)
{
	v16 v = v_load_n(p, n);
	V_QUARTERS(v16, vbslq_f32(v_quarter_mask(n - 4 * i), v.q[i], vdupq_n_f32(otherwise)));
}

INLINE void v_store(float *p, v16 v)
{
	UNROLL
	for (int i = 0; i < 4; i++)
		vst1q_f32(p + 4 * i, v.q[i]);
}

INLINE void v_quarter_store(float *p, float32x4_t v, int n)
{
	if (n >= 4) {
		vst1q_f32(p, v);
		return;
	}
	if (n > 0)
		vst1q_lane_f32(p, v, 0);
	if (n > 1)
		vst1q_lane_f32(p + 1, v, 1);
	if (n > 2)
		vst1q_lane_f32(p + 2, v, 2);
}

INLINE void v_store_n(float *p, v16 v, int n)
{
	UNROLL
	for (int i = 0; i < 4; i++)
		v_quarter_store(p + 4 * i, v.q[i], n - 4 * i);
}

INLINE v16 v_add(v16 a, v16 b)
{
	V_QUARTERS(v16, vaddq_f32(a.q[i], b.q[i]));
}

INLINE v16 v_sub(v16 a, v16 b)
{
	V_QUARTERS(v16, vsubq_f32(a.q[i], b.q[i]));
}

INLINE v16 v_mul(v16 a, v16 b)
{
	V_QUARTERS(v16, vmulq_f32(a.q[i], b.q[i]));
}

INLINE v16 v_div(v16 a, v16 b)
{
	V_QUARTERS(v16, vdivq_f32(a.q[i], b.q[i]));
}

INLINE v16 v_fma(v16 a, v16 b, v16 c)
{
	V_QUARTERS(v16, vfmaq_f32(c.q[i], a.q[i], b.q[i]));
}

/* Not fmax and fmin, which treat NaN and the sign of zero otherwise. */
INLINE v16 v_max(v16 a, v16 b)
{
	V_QUARTERS(v16, vbslq_f32(vcgtq_f32(a.q[i], b.q[i]), a.q[i], b.q[i]));
}

INLINE v16 v_min(v16 a, v16 b)
{
	V_QUARTERS(v16, vbslq_f32(vcltq_f32(a.q[i], b.q[i]), a.q[i], b.q[i]));
}

INLINE v16 v_sqrt(v16 a)
{
	V_QUARTERS(v16, vsqrtq_f32(a.q[i]));
}

INLINE v16 v_neg(v16 a)
{
	V_QUARTERS(v16, vnegq_f32(a.q[i]));
}

INLINE v16 v_abs(v16 a)
{
	V_QUARTERS(v16, vabsq_f32(a.q[i]));
}

INLINE v16 v_copysign(v16 a, v16 b)
{
	V_QUARTERS(v16, vbslq_f32(vdupq_n_u32(0x80000000u), b.q[i], a.q[i]));
}

INLINE m16 v_less(v16 a, v16 b)
{
	V_QUARTERS(m16, vcltq_f32(a.q[i], b.q[i]));
}

INLINE v16 v_select(m16 m, v16 a, v16 b)
{
	V_QUARTERS(v16, vbslq_f32(m.q[i], a.q[i], b.q[i]));
}

/* What does not fit, NaN too, counts as a multiple of 512, as in vec_scalar.h: only the
 * low nine bits stay. */
INLINE float32x4_t v_quarter_pow2(float32x4_t n)
{
	uint32x4_t fits = vcltq_f32(n, vdupq_n_f32(0x1p31f));
	uint32x4_t whole = vandq_u32(vreinterpretq_u32_s32(vcvtq_s32_f32(n)), fits);
	return vreinterpretq_f32_u32(vshlq_n_u32(vaddq_u32(whole, vdupq_n_u32(127)), 23));
}

INLINE v16 v_pow2(v16 n)
{
	V_QUARTERS(v16, v_quarter_pow2(n.q[i]));
}

INLINE float32x4_t v_quarter_raise(float32x4_t x, float32x4_t m)
{
	uint32x4_t n = vshlq_n_u32(vreinterpretq_u32_f32(m), 23);
	return vreinterpretq_f32_u32(vaddq_u32(vreinterpretq_u32_f32(x), n));
}

INLINE v16 v_raise(v16 x, v16 m)
{
	V_QUARTERS(v16, v_quarter_raise(x.q[i], m.q[i]));
}

INLINE float32x4_t v_quarter_exponent(float32x4_t x)
{
	int32x4_t e = vreinterpretq_s32_u32(vshrq_n_u32(vreinterpretq_u32_f32(x), 23));
	return vcvtq_f32_s32(vsubq_s32(e, vdupq_n_s32(127)));
}

INLINE v16 v_exponent(v16 x)
{
	V_QUARTERS(v16, v_quarter_exponent(x.q[i]));
}

INLINE v16 v_mantissa(v16 x)
{
	const uint32x4_t field = vdupq_n_u32(0x007fffffu);
	V_QUARTERS(v16, vbslq_f32(field, x.q[i], vdupq_n_f32(1.0f)));
}

INLINE i16 v_set_index(int index)
{
	V_QUARTERS(i16, vdupq_n_s32(index));
}

INLINE i16 v_low_bits(v16 x)
{
	V_QUARTERS(i16, vandq_s32(vreinterpretq_s32_f32(x.q[i]), vdupq_n_s32(15)));
}

/* The table as 64 bytes; a lane's number k becomes the bytes 4k to 4k + 3. */
INLINE v16 v_lookup(v16 table, i16 index)
{
	uint8x16x4_t bytes;
	UNROLL
	for (int i = 0; i < 4; i++)
		bytes.val[i] = vreinterpretq_u8_f32(table.q[i]);
	v16 r;
	UNROLL
	for (int i = 0; i < 4; i++) {
		int32x4_t at = vmlaq_s32(vdupq_n_s32(0x03020100), index.q[i], vdupq_n_s32(0x04040404));
		r.q[i] = vreinterpretq_f32_u8(vqtbl4q_u8(bytes, vreinterpretq_u8_s32(at)));
	}
	return r;
}

INLINE i16 v_select_index(m16 m, i16 a, i16 b)
{
	V_QUARTERS(i16, vbslq_s32(m.q[i], a.q[i], b.q[i]));
}

INLINE void v_store_index_n(int32_t *p, i16 v, int n)
{
	UNROLL
	for (int i = 0; i < 4; i++) {
		int32_t lane[4];
		vst1q_s32(lane, v.q[i]);
		for (int j = 0; j < 4 && 4 * i + j < n; j++)
			p[4 * i + j] = lane[j];
	}
}

/* Four rows of four, in place. */
INLINE void v_transpose_4(float32x4_t r[4])
{
	float32x4_t a = vtrn1q_f32(r[0], r[1]), b = vtrn2q_f32(r[0], r[1]);
	float32x4_t c = vtrn1q_f32(r[2], r[3]), d = vtrn2q_f32(r[2], r[3]);
	r[0] = vcombine_f32(vget_low_f32(a), vget_low_f32(c));
	r[1] = vcombine_f32(vget_low_f32(b), vget_low_f32(d));
	r[2] = vcombine_f32(vget_high_f32(a), vget_high_f32(c));
	r[3] = vcombine_f32(vget_high_f32(b), vget_high_f32(d));
}

/* Sixteen rows are four times the registers there are: a block of 4 x 4 goes to its place as
 * soon as it is turned. */
INLINE void v_transpose(v16 r[16])
{
	v16 t[16];
	UNROLL
	for (int i = 0; i < 4; i++) {
		UNROLL
		for (int j = 0; j < 4; j++) {
			float32x4_t block[4];
			UNROLL
			for (int k = 0; k < 4; k++)
				block[k] = r[4 * i + k].q[j];
			v_transpose_4(block);
			UNROLL
			for (int k = 0; k < 4; k++)
				t[4 * j + k].q[i] = block[k];
		}
	}
	UNROLL
	for (int i = 0; i < 16; i++)
		r[i] = t[i];
}

INLINE float v_sum(v16 v)
{
	float32x4_t q = vaddq_f32(vaddq_f32(v.q[0], v.q[2]), vaddq_f32(v.q[1], v.q[3]));
	float32x2_t d = vadd_f32(vget_low_f32(q), vget_high_f32(q));
	return vget_lane_f32(d, 0) + vget_lane_f32(d, 1);
}

INLINE float v_maximum(v16 v)
{
	float32x4_t low = vbslq_f32(vcgtq_f32(v.q[0], v.q[2]), v.q[0], v.q[2]);
	float32x4_t high = vbslq_f32(vcgtq_f32(v.q[1], v.q[3]), v.q[1], v.q[3]);
	float32x4_t q = vbslq_f32(vcgtq_f32(low, high), low, high);
	float32x2_t a = vget_low_f32(q), b = vget_high_f32(q), d = vbsl_f32(vcgt_f32(a, b), a, b);
	return vget_lane_f32(d, 0) > vget_lane_f32(d, 1) ? vget_lane_f32(d, 0) : vget_lane_f32(d, 1);
}

#endif
