/*
 * Four doubles side by side (GCC's vector extension, also clang's), for code that is compiled a second time
 * for AVX2: one operation on each, none between them, so the bits are those of the plain loop.
 *
 *	DOUBLE4_INLINE void work(...) { ... double4 ... }
 *	DOUBLE4_AVX2 static void work_avx2(...) { work(...); }
 *	static void work_plain(...) { work(...); }
 *	(double4_has_avx2() ? work_avx2 : work_plain)(...);
 */
#ifndef NUMBERS_DOUBLE4_H
#define NUMBERS_DOUBLE4_H

#include <stdbool.h>

#define DOUBLE4_LANES 4

/* Alignment and aliasing of plain doubles: a row of an array may be read through it. */
typedef double double4 __attribute__((vector_size(32), aligned(8), may_alias));
typedef float double4_floats __attribute__((vector_size(16), aligned(4), may_alias));

#define DOUBLE4_INLINE static inline __attribute__((always_inline))
/* On arm64 the plain build has NEON already; there is no second one.
 * No local arrays of plain numbers inside: gcc 12 takes them for better aligned than they are. */
#if defined __x86_64__
#define DOUBLE4_AVX2 __attribute__((target("avx2")))
#else
#define DOUBLE4_AVX2
#endif

/* Whether this CPU has AVX2 and EINTHOVEN_ISA is not scalar. */
bool double4_has_avx2(void);

#endif
