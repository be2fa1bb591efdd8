/*
 * Whether a lead was recorded at all: samples that are missing, a line that does not move (electrode off,
 * amplifier saturated), samples stuck at the converter's or amplifier's limits. Looks at raw samples, before
 * any filter hides it.
 *
 *	struct quality q = quality_measure(adc + lead, t, n_leads, INT16_MIN, 20);
 *	if (!quality_is_good(reason, sizeof reason, &q, &limits, rate_hz)) ...
 */
#ifndef ECG_QUALITY_H
#define ECG_QUALITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct quality {
	long n, missing; /* samples; those that are "no sample" */
	long flat;	 /* longest run of equal samples */
	long clipped;	 /* samples in long runs (argument clip_run) at the lead's lowest or highest value */
	int32_t low, high;
};

/* A run at the lowest or highest value counts as clipped from this many ms on: the tip of an R wave stands
 * for less. */
#define QUALITY_CLIP_MS 40

struct quality_limits {
	double flat_s;	      /* longest time without any change */
	double clipped_share; /* largest share of clipped samples, 0..1 */
};

/* x: n samples, `stride` values apart; `missing` is the value that means "no sample"; clip_run in samples. n
 * >= 1. */
struct quality quality_measure(const int32_t *x, long n, int stride, int32_t missing, long clip_run);

/* Whether the lead is within limits; if not, reason says what is wrong ("12 samples missing"). A constant
 * lead is flat whatever the limit. */
bool quality_is_good(char *reason, size_t size, const struct quality *q, const struct quality_limits *l,
		     double rate_hz);

#endif
