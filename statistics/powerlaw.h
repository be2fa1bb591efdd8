/*
 * How a score grows with n: y = a - b n^-c, fitted by least squares (for each c the rest is linear; c is
 * found on a grid from .01 to 4 and refined). With b > 0 and c > 0 the score rises towards a.
 *
 *	struct powerlaw p;
 *	if (powerlaw_fit(&p, n, y, 5) == 0) ... p.exponent ...
 */
#ifndef STATISTICS_POWERLAW_H
#define STATISTICS_POWERLAW_H

#include <stdbool.h>
#include <stddef.h>

#define POWERLAW_LEAST 0.01
#define POWERLAW_MOST  4.0

enum { POWERLAW_POINTS = 4 }; /* at least: one more than there are parameters */

struct powerlaw {
	double limit, scale, exponent; /* a, b, c */
	bool is_bounded;	       /* c is inside of its grid, and the score rises */
};

/* n ascending, positive. -1: fewer points than POWERLAW_POINTS, or the scores are all the same. */
int powerlaw_fit(struct powerlaw *p, const double *n, const double *y, size_t n_points);
double powerlaw_value(const struct powerlaw *p, double n);

/* Fits to resamples of y [n_points][n_rows][n_columns], rows and columns drawn with replacement, the same for
 * all points (seeds and rotations), n_draws times by seed: 2.5 % and 97.5 % quantiles of the exponent. share:
 * of draws that gave a bounded one; under .95 the exponent cannot be told, and low and high are those of all
 * draws, at the grid's ends where they ran into them. */
struct powerlaw_interval {
	double low, high, share;
};
struct powerlaw_interval powerlaw_bootstrap(const double *n, const double *y, size_t n_points, size_t n_rows,
					    size_t n_columns, int n_draws, unsigned seed);

#endif
