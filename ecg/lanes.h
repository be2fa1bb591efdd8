/*
 * Two doubles side by side (GCC's vector extension, also clang's): one operation on each, none between them, so the bits
 * are those of the plain loop. At -O2 gcc keeps a few lanes in registers, where it leaves arrays of sums in memory
 * (measured on the resampler: 2.5 times as slow); lanes of four would be split through memory without AVX.
 */
#ifndef ECG_LANES_H
#define ECG_LANES_H

#include <stdbool.h>

#define LANES	   2
#define WIDE_LANES 4

/* Alignment and aliasing of plain doubles: a row of an array may be read through it. */
typedef double lanes __attribute__((vector_size(16), aligned(8), may_alias));

/* Four, for code that is compiled a second time for AVX2:
 *
 *	INLINE void work(...) { ... wide ... }
 *	AVX2 static void work_avx2(...) { work(...); }
 *	if (lanes_are_wide()) work_avx2(...); else work(...);
 */
typedef double wide __attribute__((vector_size(32), aligned(8), may_alias));

typedef float narrow __attribute__((vector_size(16), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))
/* No local arrays inside: gcc 12 takes them for better aligned than they are. */
#define AVX2 __attribute__((target("avx2")))

/* Whether this CPU has AVX2 and EINTHOVEN_ISA is not scalar. */
bool lanes_are_wide(void);

#endif
