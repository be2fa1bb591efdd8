/*
 * White noise in quantity: the costly part of drawing views, so it is made for speed. A value is the sum of
 * eight uniform bytes, centred and scaled to variance 1 (Irwin-Hall): values lie in [-4.88, 4.88], excess
 * kurtosis is -0.15. Two values come from one Philox block, four blocks at once in SSE2, every operation
 * exact up to one float product.
 *
 *	struct philox r = philox_open(seed, PURPOSE_NOISE, record, index);
 *	noise_add(x, n, 0.1f, &r, lead * noise_blocks(n));
 */
#ifndef ECG_NOISE_H
#define ECG_NOISE_H

#include <stdint.h>

#include "numbers/philox.h"

/* Philox blocks that n values use up. */
uint32_t noise_blocks(int n);

/* x[i] += sigma * z[i], z from blocks first, first+1, ... of the stream; r is not advanced. */
void noise_add(float *x, int n, float sigma, const struct philox *r, uint32_t first);

/* z [n] itself. */
void noise_fill(float *z, int n, const struct philox *r, uint32_t first);

#endif
