#include "statistics/rankme.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "common/die.h"
#include "numbers/dmath.h"
#include "statistics/eigen.h"

static const double floor_p = 1e-7;

/* g [n,n] = Z Z^T or Z^T Z, whichever is smaller; element (i,j) sums over the other axis, ascending. */
static void gram(double *g, const float *z, size_t n, size_t stride, size_t n_sum, size_t sum_stride)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j <= i; j++) {
			double s = 0;
			for (size_t k = 0; k < n_sum; k++)
				s += (double)z[i * stride + k * sum_stride] *
				     (double)z[j * stride + k * sum_stride];
			g[i * n + j] = g[j * n + i] = s;
		}
}

/* In place: eigenvalues become singular values; returns their sum. */
static double singular_values(double *values, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++) {
		values[i] = values[i] > 0 ? sqrt(values[i]) : 0;
		sum += values[i];
	}
	return sum;
}

static double effective_rank(const double *s, double sum, size_t n)
{
	double entropy = 0;
	for (size_t i = 0; i < n; i++) {
		double p = s[i] / sum + floor_p;
		entropy -= p * dmath_log(p);
	}
	return dmath_exp(entropy);
}

static int is_finite(const float *z, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(z[i]))
			return 0;
	return 1;
}

double rankme(const float *z, int rows, int dim)
{
	size_t r = (size_t)rows, d = (size_t)dim, n = r < d ? r : d;
	if (!is_finite(z, r * d))
		return NAN;
	double *g = die_malloc((2 * n * n + n) * sizeof *g), *vectors = g + n * n, *values = vectors + n * n;
	if (r < d)
		gram(g, z, r, d, d, 1);
	else
		gram(g, z, d, 1, r, d);
	eigen_symmetric(values, vectors, g, (int)n);
	double sum = singular_values(values, n);
	double rank = sum > 0 ? effective_rank(values, sum, n) : 0;
	free(g);
	return rank;
}
