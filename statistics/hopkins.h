/*
 * The Hopkins statistic (Hopkins and Skellam 1954): H = sum u / (sum u + sum w), u the distance from a
 * uniform point in the data's bounding box to the nearest row, w that from a random row to its nearest other.
 * 1/2 for uniform data, towards 1 for anything else: one Gaussian without any cluster gives .6 to .9, so H
 * beside that of a Gaussian of the same covariance is what can be read, not H alone.
 */
#ifndef STATISTICS_HOPKINS_H
#define STATISTICS_HOPKINS_H

#include <stdint.h>

#include "statistics/scaler.h"

/* Mean of H over n_draws draws of max(1, n / 10) points each. Fewer than two rows, or all rows equal: NAN. */
double hopkins_statistic(const struct features *f, int n_draws, uint64_t seed);
/* out: as many rows drawn from the normal distribution with f's covariance (f centred); makes out. */
void hopkins_gaussian(struct features *out, const struct features *f, uint64_t seed);

#endif
