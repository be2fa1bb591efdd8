/*
 * SIGReg (Balestriero and LeCun 2025, arXiv 2511.08544): embeddings are projected onto directions drawn anew
 * in each step, and each projection is held to the standard normal by the statistic of Epps and Pulley
 * (1983),
 *	s = N integral over t of |mean_i exp(i t x_i) - exp(-t^2 / 2)|^2 exp(-t^2 / 2)
 * from -3 to 3 by the trapezoid rule at 17 knots from 0 to 3, for the integrand is even. SIGReg is the mean
 * of s over directions.
 *
 *	sigreg_directions(a, d, n_slices, seed, step);
 *	double s = sigreg_statistic(dx, x, n, weight);
 */
#ifndef MODEL_SIGREG_H
#define MODEL_SIGREG_H

#include <stdint.h>

/* a [n_slices][d]: unit rows, uniform on the sphere, by (seed, step, row). */
void sigreg_directions(float *a, int d, int n_slices, uint64_t seed, uint64_t step);

/* s of x [n] and, overwritten, dx [n] = weight times its gradient; dx may be x. NaN where an |x| is beyond
 * 5e6 or not finite. */
double sigreg_statistic(float *dx, const float *x, int n, double weight);

/* s of zeros. */
double sigreg_collapsed(int n);

#endif
