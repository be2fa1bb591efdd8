/* Spearman's rank correlation (Spearman 1904), equal values at the mean of their ranks. */
#ifndef STATISTICS_RANK_CORRELATION_H
#define STATISTICS_RANK_CORRELATION_H

#include <stddef.h>

/* Of x [n] and y [n], finite, in time n^2: -1 to 1, NAN where one of them does not vary. */
double rank_correlation(const double *x, const double *y, size_t n);

#endif
