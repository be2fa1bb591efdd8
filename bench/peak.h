/* What this core can do at most: fused multiply-adds without memory, and memory without arithmetic. */
#ifndef BENCH_PEAK_H
#define BENCH_PEAK_H

/* Runs about a millisecond of independent fma on registers with the named instruction set (scalar, avx2,
 * avx512) and returns the floating-point operations done. */
double peak_fma(const char *isa);

/* y = a + b over arrays much larger than the caches; returns the bytes moved. */
double peak_stream(void);

#endif
