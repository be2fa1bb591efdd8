/*
 * Standardization of features with the training records' statistics, and the padded matrix of doubles that
 * the linear models read. A feature that does not vary over the training records becomes 0 everywhere.
 *
 *	struct scaler s;
 *	scaler_fit(&s, &train);
 *	struct features f;
 *	scaler_features_init(&f, train.n, train.d);
 *	scaler_apply(&s, &f, &train, 0);
 */
#ifndef STATISTICS_SCALER_H
#define STATISTICS_SCALER_H

#include <stddef.h>

#include "statistics/rows.h"

struct scaler {
	int d;
	double *mean, *scale; /* [d]; scale is the population standard deviation, 0 for a constant feature */
};

/* x [n][ld], 64-byte aligned; ld is d rounded up to a multiple of 8, the padding is 0. A large one lies on
 * disk (common/scratch.h). */
struct features {
	size_t n;
	int d, ld;
	double *x;
};

/* Two-pass mean and variance over the rows, ascending. r->n >= 1. */
void scaler_fit(struct scaler *s, const struct rows *r);
/* f = (raw - mean) / scale of rows first..first + f->n - 1; f was made for the same d. */
void scaler_apply(const struct scaler *s, struct features *f, const struct rows *r, size_t first);
void scaler_release(struct scaler *s);

/* A matrix of zeros. n may be 0, d not. */
void scaler_features_init(struct features *f, size_t n, int d);
void scaler_features_release(struct features *f);

#endif
