#include "bench/peak.h"

#if defined __x86_64__
#include <immintrin.h>
#define SCALAR_TARGET "sse2"
#define IN_REGISTER   "x"
#else
#include <arm_neon.h>
#define SCALAR_TARGET "+simd"
#define IN_REGISTER   "w"
#endif
#include <stdlib.h>
#include <string.h>

#include "common/die.h"

enum { CHAINS = 14, TURNS = 200000 / CHAINS };

/* More chains than latency times units (4 x 2), fewer than registers; results are used, so that
 * nothing is removed. */
#define PEAK(name, target_, type, set, fma, lanes)                                                           \
	__attribute__((target(target_))) static double name(void)                                            \
	{                                                                                                    \
		type acc[CHAINS], a = set(1.0f + 0x1p-23f), b = set(0x1p-30f);                               \
		_Pragma("GCC unroll 14") for (int i = 0; i < CHAINS; i++) acc[i] = set((float)i);            \
		for (int turn = 0; turn < TURNS; turn++) {                                                   \
			_Pragma("GCC unroll 14") for (int i = 0; i < CHAINS; i++) acc[i] =                   \
				fma(acc[i], a, b);                                                           \
			__asm__ volatile("" ::: "memory");                                                   \
		}                                                                                            \
		_Pragma("GCC unroll 14") for (int i = 0; i < CHAINS;                                         \
					      i++) __asm__ volatile("" ::IN_REGISTER(acc[i]));               \
		return 2.0 * (lanes)*CHAINS * TURNS;                                                         \
	}

#if defined __x86_64__
PEAK(fma_avx512, "avx512f", __m512, _mm512_set1_ps, _mm512_fmadd_ps, 16)
PEAK(fma_avx2, "avx2,fma", __m256, _mm256_set1_ps, _mm256_fmadd_ps, 8)
#else
static float32x4_t multiply_add_neon(float32x4_t a, float32x4_t b, float32x4_t c)
{
	return vfmaq_f32(c, a, b);
}

PEAK(fma_neon, "+simd", float32x4_t, vdupq_n_f32, multiply_add_neon, 4)
#endif

static float same(float x)
{
	return x;
}

static float multiply_add(float a, float b, float c)
{
	return a * b + c;
}

PEAK(fma_scalar, SCALAR_TARGET, float, same, multiply_add, 1)

double peak_fma(const char *isa)
{
#if defined __x86_64__
	if (strcmp(isa, "avx512") == 0)
		return fma_avx512();
	if (strcmp(isa, "avx2") == 0)
		return fma_avx2();
#else
	if (strcmp(isa, "neon") == 0)
		return fma_neon();
#endif
	return fma_scalar();
}

double peak_stream(void)
{
	enum { N = 4 << 20 };
	static float *a;
	if (!a)
		a = memset(die_malloc(3 * (size_t)N * sizeof *a), 0, 3 * (size_t)N * sizeof *a);
	float *b = a + N, *y = b + N;
	for (int i = 0; i < N; i += 4)
#if defined __x86_64__
		_mm_storeu_ps(y + i, _mm_add_ps(_mm_loadu_ps(a + i), _mm_loadu_ps(b + i)));
#else
		vst1q_f32(y + i, vaddq_f32(vld1q_f32(a + i), vld1q_f32(b + i)));
#endif
	return 3.0 * N * sizeof *a;
}
