/*
 * Features of a record that count: for how much of the time is a random kernel's output above a threshold?
 * An average over the record, blind to the amplitude of any one moment. After MiniRocket's proportion of
 * positive values (Dempster, Schmidt and Webb 2021, doi 10.1145/3447548.3467231), with two kinds of kernels:
 *
 *	everywhere  drawn as ecg/convolutions.h draws them, on standardised leads; all outputs count
 *	gated       dilations of at most 6 samples at 100 Hz, on leads in mV; the outputs that count are
 *	            those within a window around each beat (ecg/beats.h), so that they speak of QRS, ST or T
 *
 *	struct shares s;
 *	shares_init(&s, 200, 800, 1000, 100, seed);
 *	shares_sample(&s, outputs, signal, scale);         // of records thresholds are learned from
 *	threshold[k] = shares_threshold(of_k, n, s.share[k].quantile);
 *	shares_apply(&s, share, threshold, signal, scale);
 *	shares_release(&s);
 *
 * Kernel i of a kind is a function of (seed, kind, i, samples, rate). Outputs are chains of float32
 * operations as in ecg/convolutions.h, and of them only comparisons are taken, so the bits are the same
 * everywhere.
 */
#ifndef ECG_SHARES_H
#define ECG_SHARES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ecg/convolutions.h"

enum { SHARES_SAMPLES = 20 }; /* outputs of a kernel and record that thresholds are learned from */

/* Least and greatest offset of a window from its beat, in samples at 100 Hz. */
#define SHARES_FIRST (-30)
#define SHARES_LAST  45

struct share {
	struct convolution kernel; /* without bias */
	int from, end;		   /* samples from a beat on, end excluded; both 0: everywhere */
	double quantile;	   /* of the training records' outputs, at which its threshold lies */
};

struct shares {
	int n, samples, padding; /* kernels of both kinds; of a record; the most of any kernel */
	double rate_hz;
	struct share *share; /* [n]: everywhere, then gated */
};

/* 0, or -1: records are shorter than a second or of less than 10 Hz, and a window may lie outside. */
int shares_check(int samples, double rate_hz);
void shares_init(struct shares *s, int n_everywhere, int n_gated, int samples, double rate_hz, uint64_t seed);
void shares_release(struct shares *s);

/* x [12][samples] float32, unaligned, in any unit; scale [12]: log-std of the leads in mV. Both may be called
 * by several threads at once. */

/* out [n][SHARES_SAMPLES]: of each kernel's outputs that count those at equal distances, (j + 1/2) / 20 of
 * their number. */
void shares_sample(const struct shares *s, float *out, const void *x, const float scale[LEADS]);
/* out [n]: the share of those outputs above threshold [n]. */
void shares_apply(const struct shares *s, float *out, const float *threshold, const void *x,
		  const float scale[LEADS]);

/* known [n]: whether x has half or more of what a kernel mixes, by squared shares of its leads. What is left
 * of another says little of the record. A lead that a record lacks is a row of zeros (docs/signal.md).
 * Returns how many are not known. */
int shares_known(const struct shares *s, bool *known, const void *x);

/* The quantile of outputs [n], linear between neighbours (Hyndman and Fan's type 7); sorts them. */
float shares_threshold(float *outputs, size_t n, double quantile);

#endif
