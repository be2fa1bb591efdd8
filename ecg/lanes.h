/*
 * Two doubles side by side (GCC's vector extension, also clang's): one operation on each, none between them,
 * so the bits are those of the plain loop. At -O2 gcc keeps a few lanes in registers, where it leaves arrays
 * of sums in memory (measured on a resampler: 2.5 times as slow). Four, with a second build for AVX2:
 * numbers/double4.h.
 */
#ifndef ECG_LANES_H
#define ECG_LANES_H

#define LANES 2

/* Alignment and aliasing of plain doubles: a row of an array may be read through it. */
typedef double lanes __attribute__((vector_size(16), aligned(8), may_alias));

#endif
