/*
 * Terms on p that keep embeddings from collapsing without negatives, or beside them. Z_v [N,D] is what p has
 * of view v, V the views of a record.
 *
 *	invariance  mean over pairs of views of |z_v - z_w|^2 / D
 *	variance    mean over views and columns of max(0, 1 - sqrt(var + 1e-4)), var of N - 1
 *	covariance  2 / D times the mean over views of the sum of squares of cov(Z_v) beside its diagonal
 *	sigreg      model/sigreg.h: how far Z_v is from an isotropic Gaussian, mean over views
 *
 * With weights 25, 25, 1 and two views the first three are VICReg as its program has it (Bardes, Ponce and
 * LeCun 2022, eq. 6; main_vicreg.py takes half the paper's variance term). LeJEPA (Balestriero and LeCun
 * 2025) is (1 - w) |z_v - mean over views|^2 / D + w sigreg, that is invariance of weight
 * (1 - w) (V - 1) / 2V.
 *
 *	struct terms *t = terms_new(ops, &weights, n, n_views, d, seed);   // NULL: no weight is above 0
 *	terms_add(t, dp, &result[0], p, step, scratch);
 */
#ifndef MODEL_TERMS_H
#define MODEL_TERMS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/ops.h"

struct terms_weights {
	double invariance, variance, covariance, sigreg; /* 0: without it */
	int slices;					 /* of sigreg: directions drawn for each step */
};

/* Whether any is above 0. */
bool terms_any(const struct terms_weights *w);

/* n >= 2 records of n_views, d: width of p. Directions are drawn from the seed and the step. Allocates all
 * that terms_add needs, of ops memory nothing. */
struct terms *terms_new(const struct ops *ops, const struct terms_weights *w, int n, int n_views, int d,
			uint64_t seed);
void terms_free(struct terms *t);

/* Floats of ops memory that terms_add writes to; 0 without weights. */
size_t terms_scratch(const struct terms_weights *w, int n, int n_views, int d);

/* dp [n_views*n,d] += the gradient at p, loss [1] += the terms' weighted sum, all in ops memory. Products and
 * sums over records are operations of the contract; what is as large as D x D, and sigreg's statistic, is in
 * double on the host. */
void terms_add(struct terms *t, float *dp, float *loss, const float *p, uint64_t step, float *scratch);

/* The sum where p is zeros. */
double terms_collapsed(const struct terms_weights *w, int n);

#endif
