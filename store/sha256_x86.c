#include "store/sha256_x86.h"

#include "common/die.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define X86    __attribute__((target("sha,sse4.1")))
#define INLINE static inline __attribute__((always_inline)) X86

bool sha256_x86_is_there(void)
{
	unsigned a, b, c, d;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSE4_1))
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

static const uint32_t constants[64] __attribute__((aligned(16))) = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* The state as the instructions want it, and the last 16 words of the message schedule. */
struct lane {
	__m128i abef, cdgh;
	__m128i w[4];
};

INLINE void load(struct lane *l, const uint32_t state[8])
{
	__m128i abcd = _mm_loadu_si128((const __m128i *)state);
	__m128i efgh = _mm_loadu_si128((const __m128i *)(state + 4));
	abcd = _mm_shuffle_epi32(abcd, 0xb1); /* words from the top: c d a b */
	efgh = _mm_shuffle_epi32(efgh, 0x1b); /* e f g h */
	l->abef = _mm_alignr_epi8(abcd, efgh, 8);
	l->cdgh = _mm_blend_epi16(efgh, abcd, 0xf0);
}

INLINE void store(uint32_t state[8], const struct lane *l)
{
	__m128i feba = _mm_shuffle_epi32(l->abef, 0x1b);
	__m128i dchg = _mm_shuffle_epi32(l->cdgh, 0xb1);
	_mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xf0));
	_mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

/* Rounds 4 i to 4 i + 3, and what of the schedule can be had by then. */
INLINE void four_rounds(struct lane *l, const uint8_t *block, int i)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i *now = &l->w[i % 4], *next = &l->w[(i + 1) % 4], *before = &l->w[(i + 3) % 4];
	if (i < 4)
		*now = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(block + 16 * i)), swap);
	__m128i wk = _mm_add_epi32(*now, _mm_load_si128((const __m128i *)(constants + 4 * i)));
	l->cdgh = _mm_sha256rnds2_epu32(l->cdgh, l->abef, wk);
	if (i >= 3 && i < 15)
		*next = _mm_sha256msg2_epu32(_mm_add_epi32(*next, _mm_alignr_epi8(*now, *before, 4)), *now);
	l->abef = _mm_sha256rnds2_epu32(l->abef, l->cdgh, _mm_shuffle_epi32(wk, 0x0e));
	if (i >= 1 && i < 13)
		*before = _mm_sha256msg1_epu32(*before, *now);
}

INLINE void add(struct lane *l, const struct lane *before)
{
	l->abef = _mm_add_epi32(l->abef, before->abef);
	l->cdgh = _mm_add_epi32(l->cdgh, before->cdgh);
}

X86 void sha256_x86_one(uint32_t state[8], const uint8_t *blocks, size_t n_blocks)
{
	struct lane l;
	load(&l, state);
	for (; n_blocks; n_blocks--, blocks += 64) {
		struct lane before = l;
#pragma GCC unroll 16
		for (int i = 0; i < 16; i++)
			four_rounds(&l, blocks, i);
		add(&l, &before);
	}
	store(state, &l);
}

X86 void sha256_x86_two(uint32_t a[8], const uint8_t *x, uint32_t b[8], const uint8_t *y, size_t n_blocks)
{
	struct lane l, m;
	load(&l, a);
	load(&m, b);
	for (; n_blocks; n_blocks--, x += 64, y += 64) {
		struct lane l_before = l, m_before = m;
#pragma GCC unroll 16
		for (int i = 0; i < 16; i++) {
			four_rounds(&l, x, i);
			four_rounds(&m, y, i);
		}
		add(&l, &l_before);
		add(&m, &m_before);
	}
	store(a, &l);
	store(b, &m);
}

#else

bool sha256_x86_is_there(void)
{
	return false;
}

void sha256_x86_one(uint32_t state[8], const uint8_t *blocks, size_t n_blocks)
{
	(void)state, (void)blocks, (void)n_blocks;
	BUG("no x86");
}

void sha256_x86_two(uint32_t a[8], const uint8_t *x, uint32_t b[8], const uint8_t *y, size_t n_blocks)
{
	(void)a, (void)x, (void)b, (void)y, (void)n_blocks;
	BUG("no x86");
}

#endif
