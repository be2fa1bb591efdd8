/*
 * The last step of ecg/prepare.h: each lead's mean and deviation, and the signal in units of them.
 *
 *	struct normalize_moments m = normalize_measure(x, n);
 *	normalize_write(signal, x, n, &m, keep, PREPARE_PER_LEAD);
 */
#ifndef ECG_NORMALIZE_H
#define ECG_NORMALIZE_H

#include <stdint.h>

#include "ecg/lead.h"
#include "ecg/prepare.h"

struct normalize_moments {
	double mean[LEADS], sd[LEADS]; /* of the population */
};

/* x [n][LEADS], n >= 1; two passes. */
struct normalize_moments normalize_measure(const double (*x)[LEADS], int n);

/* signal [LEADS][n]; leads with keep 0 become 0 and count for nothing. */
void normalize_write(float *signal, const double (*x)[LEADS], int n, const struct normalize_moments *m,
		     const uint8_t keep[LEADS], enum prepare_normalize kind);

#endif
