/*
 * The two inner loops of the linear models, in double, over rows of padded matrices (struct features: ld is a
 * multiple of 8, the padding is 0). Element k of a row belongs to lane k mod 4 whatever the machine's vectors
 * are, so that every compiler and instruction set adds in the same order. For loops built as
 * numbers/double4.h shows.
 */
#ifndef STATISTICS_DENSE_H
#define STATISTICS_DENSE_H

#include <stddef.h>

#include "numbers/double4.h"

enum { DENSE_ROWS = 4 }; /* rows of x handled together: a row of w is then loaded once for four */

DOUBLE4_INLINE double dense_sum(const double4 *v)
{
	return ((*v)[0] + (*v)[1]) + ((*v)[2] + (*v)[3]);
}

/* |a - b|^2 of two rows. */
DOUBLE4_INLINE double dense_squared_distance(const double *a, const double *b, size_t ld)
{
	double4 sum = {0};
	for (size_t k = 0; k < ld; k += 4) {
		double4 d = *(const double4 *)(a + k) - *(const double4 *)(b + k);
		sum += d * d;
	}
	return dense_sum(&sum);
}

DOUBLE4_INLINE void dense_dot_block(double *z, size_t z_stride, const double *w, const double *x, size_t ld,
				    int n_rows)
{
	double4 sum[DENSE_ROWS] = {0};
	for (size_t k = 0; k < ld; k += 4) {
		double4 v = *(const double4 *)(w + k);
		for (int r = 0; r < n_rows; r++)
			sum[r] += v * *(const double4 *)(x + (size_t)r * ld + k);
	}
	for (int r = 0; r < n_rows; r++)
		z[(size_t)r * z_stride] += dense_sum(&sum[r]);
}

DOUBLE4_INLINE void dense_outer_block(double *y, const double *a, size_t a_stride, const double *x, size_t ld,
				      int n_rows)
{
	for (size_t k = 0; k < ld; k += 4) {
		double4 sum = *(double4 *)(y + k);
		for (int r = 0; r < n_rows; r++)
			sum += a[(size_t)r * a_stride] * *(const double4 *)(x + (size_t)r * ld + k);
		*(double4 *)(y + k) = sum;
	}
}

/* z[r * z_stride] += w . x[r] for n_rows rows of x [n_rows][ld]. */
DOUBLE4_INLINE void dense_dots(double *z, size_t z_stride, const double *w, const double *x, size_t ld,
			       size_t n_rows)
{
	size_t r = 0;
	for (; r + DENSE_ROWS <= n_rows; r += DENSE_ROWS)
		dense_dot_block(z + r * z_stride, z_stride, w, x + r * ld, ld, DENSE_ROWS);
	for (; r < n_rows; r++)
		dense_dot_block(z + r * z_stride, z_stride, w, x + r * ld, ld, 1);
}

/* y [ld] += sum over r, ascending, of a[r * a_stride] x[r]. */
DOUBLE4_INLINE void dense_outer(double *y, const double *a, size_t a_stride, const double *x, size_t ld,
				size_t n_rows)
{
	size_t r = 0;
	for (; r + DENSE_ROWS <= n_rows; r += DENSE_ROWS)
		dense_outer_block(y, a + r * a_stride, a_stride, x + r * ld, ld, DENSE_ROWS);
	for (; r < n_rows; r++)
		dense_outer_block(y, a + r * a_stride, a_stride, x + r * ld, ld, 1);
}

#endif
