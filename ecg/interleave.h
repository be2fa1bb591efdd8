/*
 * Every second sample of a lead, low-passed first, so that halving the rate folds nothing back.
 *
 *	interleave(x, n, lead, samples, 1, true);       // its odd samples
 *
 * The low-pass is a windowed sinc of 111 taps, zero phase, the ends continued by point reflection: 74 dB down
 * from a quarter of the rate on, flat up to a fifth of it.
 */
#ifndef ECG_INTERLEAVE_H
#define ECG_INTERLEAVE_H

#include <stdbool.h>

#define INTERLEAVE_MAX_SAMPLES 16384 /* of a lead */
#define INTERLEAVE_REACH       55    /* samples on either side that the low-pass looks at */

/* x [n]: samples phase, phase + 2, ... of the lead, n at most samples / 2. phase: 0 or 1. lead: float32
 * [samples], need not be aligned. is_antialiased: low-pass first. */
void interleave(float *x, int n, const void *lead, int samples, int phase, bool is_antialiased);

/* The low-pass [INTERLEAVE_REACH + 1]: its middle tap and those on one side, which are those on the other. */
const double *interleave_taps(void);

#endif
