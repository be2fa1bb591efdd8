/*
 * Principal axes of a centred feature matrix (statistics/scaler.h centres), and rotation into them. A
 * rotation by all axes keeps lengths and angles, and makes the features uncorrelated: that is what
 * preconditions the linear models.
 *
 *	struct pca p;
 *	pca_fit(&p, &features);
 *	struct features map;
 *	pca_project(&p, &map, &features, 2);            // scores on the first two axes; yours to release
 */
#ifndef STATISTICS_PCA_H
#define STATISTICS_PCA_H

#include "statistics/scaler.h"

struct pca {
	int d, ld;
	/* [d][ld]: orthonormal rows, descending variance; sign as in statistics/eigen.h; padding 0 */
	double *axes;
	double *variance; /* [d]: along each axis, sum of squares / n, at least 0 */
};

void pca_fit(struct pca *p, const struct features *f);
/* out [n][n_axes] = f axes'; makes out. 1 <= n_axes <= d. */
void pca_project(const struct pca *p, struct features *out, const struct features *f, int n_axes);

/* The same of rows that are standardized on the way, all axes; a block of them is in memory at a time. */
void pca_fit_rows(struct pca *p, const struct scaler *s, const struct rows *r);
void pca_project_rows(const struct pca *p, struct features *out, const struct scaler *s,
		      const struct rows *r);
/* w [ld] in the features' own coordinates from v [d] along all axes: w = sum of v[k] axes[k]. */
void pca_unrotate(const struct pca *p, double *w, const double *v);
void pca_release(struct pca *p);

#endif
