/*
 * Standardization of features with the training records' statistics, and the padded matrix of doubles that the
 * linear models read. A feature that does not vary over the training records becomes 0 everywhere.
 *
 *	struct scaler s;
 *	scaler_fit(&s, train, n, d);
 *	struct features f;
 *	scaler_features_init(&f, n, d);
 *	scaler_apply(&s, &f, train);
 */
#ifndef STATISTICS_SCALER_H
#define STATISTICS_SCALER_H

#include <stddef.h>

struct scaler {
	int d;
	double *mean, *scale; /* [d]; scale is the population standard deviation, 0 for a constant feature */
};

/* x [n][ld], 64-byte aligned; ld is d rounded up to a multiple of 8, the padding is 0. */
struct features {
	size_t n;
	int d, ld;
	double *x;
};

/* Two-pass mean and variance over the rows of raw [n][d], ascending. n >= 1. */
void scaler_fit(struct scaler *s, const float *raw, size_t n, int d);
/* f = (raw - mean) / scale; f was made for the same n and d. */
void scaler_apply(const struct scaler *s, struct features *f, const float *raw);
void scaler_release(struct scaler *s);

/* A matrix of zeros. n may be 0, d not. */
void scaler_features_init(struct features *f, size_t n, int d);
void scaler_features_release(struct features *f);

#endif
