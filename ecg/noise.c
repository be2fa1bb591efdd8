#include "ecg/noise.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* A uniform byte has variance (256^2-1)/12, eight of them sqrt(43690): 1/209.0215... in float32. */
#define CENTRE 1020
#define SCALE  0.0047841967f

#define LANES  4	   /* blocks made at once */
#define VALUES (2 * LANES) /* values made at once */

uint32_t noise_blocks(int n)
{
	return ((uint32_t)n + 1) / 2;
}

#ifdef __SSE2__

struct lanes {
	__m128i c0, c1, c2,
		c3; /* two blocks; each word in the low half of 64 bits, the high half is rubbish */
};

static inline void rounds(struct lanes *s, uint32_t k0, uint32_t k1)
{
	const __m128i m0 = _mm_set1_epi64x(0xD2511F53), m1 = _mm_set1_epi64x(0xCD9E8D57);
	for (int i = 0; i < 10; i++) {
		__m128i p0 = _mm_mul_epu32(s->c0, m0), p1 = _mm_mul_epu32(s->c2, m1);
		s->c0 = _mm_xor_si128(_mm_srli_epi64(p1, 32), _mm_xor_si128(s->c1, _mm_set1_epi64x(k0)));
		s->c2 = _mm_xor_si128(_mm_srli_epi64(p0, 32), _mm_xor_si128(s->c3, _mm_set1_epi64x(k1)));
		s->c1 = p1;
		s->c3 = p0;
		k0 += 0x9E3779B9u;
		k1 += 0xBB67AE85u;
	}
}

/* Bytes of a and b, summed over pairs of bytes: 16-bit lanes. */
static inline __m128i pair_sums(__m128i a, __m128i b)
{
	const __m128i even = _mm_set1_epi16(0x00ff);
	return _mm_add_epi16(_mm_add_epi16(_mm_and_si128(a, even), _mm_srli_epi16(a, 8)),
			     _mm_add_epi16(_mm_and_si128(b, even), _mm_srli_epi16(b, 8)));
}

/* The low halves of the two 64-bit lanes of a, then those of b. */
static inline __m128i gather(__m128i a, __m128i b)
{
	return _mm_castps_si128(
		_mm_shuffle_ps(_mm_castsi128_ps(a), _mm_castsi128_ps(b), _MM_SHUFFLE(2, 0, 2, 0)));
}

static inline __m128 standard(__m128i pairs)
{
	__m128i sums = _mm_add_epi32(_mm_and_si128(pairs, _mm_set1_epi32(0xffff)), _mm_srli_epi32(pairs, 16));
	return _mm_mul_ps(_mm_cvtepi32_ps(_mm_sub_epi32(sums, _mm_set1_epi32(CENTRE))), _mm_set1_ps(SCALE));
}

static void eight(float z[VALUES], const struct philox *r, uint32_t block)
{
	struct lanes s[2];
	for (int i = 0; i < 2; i++) {
		s[i].c0 = _mm_set_epi32(0, (int)(block + 2 * (uint32_t)i + 1), 0,
					(int)(block + 2 * (uint32_t)i));
		s[i].c1 = _mm_set1_epi64x(r->counter[1]);
		s[i].c2 = _mm_set1_epi64x(r->counter[2]);
		s[i].c3 = _mm_set1_epi64x(r->counter[3]);
		rounds(&s[i], r->key[0], r->key[1]);
	}
	__m128 even = standard(pair_sums(gather(s[0].c0, s[1].c0), gather(s[0].c1, s[1].c1)));
	__m128 odd = standard(pair_sums(gather(s[0].c2, s[1].c2), gather(s[0].c3, s[1].c3)));
	_mm_storeu_ps(z, _mm_unpacklo_ps(even, odd));
	_mm_storeu_ps(z + 4, _mm_unpackhi_ps(even, odd));
}

#else

/* Sum of the eight bytes of two words. */
static int32_t byte_sum(uint32_t a, uint32_t b)
{
	const uint32_t even = 0x00ff00ffu;
	uint32_t pairs = (a & even) + ((a >> 8) & even) + (b & even) + ((b >> 8) & even);
	return (int32_t)((pairs & 0xffff) + (pairs >> 16));
}

static void eight(float z[VALUES], const struct philox *r, uint32_t block)
{
	for (uint32_t i = 0; i < LANES; i++) {
		uint32_t words[4], counter[4] = {block + i, r->counter[1], r->counter[2], r->counter[3]};
		philox_block(words, counter, r->key);
		z[2 * i] = (float)(byte_sum(words[0], words[1]) - CENTRE) * SCALE;
		z[2 * i + 1] = (float)(byte_sum(words[2], words[3]) - CENTRE) * SCALE;
	}
}

#endif

void noise_add(float *x, int n, float sigma, const struct philox *r, uint32_t first)
{
	float z[VALUES];
	for (int i = 0; i < n; i += VALUES, first += LANES) {
		eight(z, r, first);
		for (int j = 0; j < VALUES && i + j < n; j++)
			x[i + j] += sigma * z[j];
	}
}

void noise_fill(float *z, int n, const struct philox *r, uint32_t first)
{
	memset(z, 0, sizeof *z * (size_t)n);
	noise_add(z, n, 1.0f, r, first);
}
