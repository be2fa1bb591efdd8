#include "statistics/powerlaw.h"

#include <math.h>
#include <stdlib.h>

#include "common/die.h"
#include "numbers/dmath.h"
#include "numbers/philox.h"

enum { GRID = 120, REFINEMENTS = 40 };

double powerlaw_value(const struct powerlaw *p, double n)
{
	return p->limit - p->scale * dmath_pow(n, -p->exponent);
}

/* Least squares with exponent c; returns the sum of squares left. */
static double fit_linear(struct powerlaw *p, const double *n, const double *y, size_t n_points, double c)
{
	double sz = 0, sy = 0, szz = 0, szy = 0, left = 0;
	/* n relative to the first, so that no power under- or overflows. */
	for (size_t i = 0; i < n_points; i++) {
		double z = dmath_pow(n[i] / n[0], -c);
		sz += z;
		sy += y[i];
	}
	sz /= (double)n_points;
	sy /= (double)n_points;
	for (size_t i = 0; i < n_points; i++) {
		double z = dmath_pow(n[i] / n[0], -c) - sz;
		szz += z * z;
		szy += z * (y[i] - sy);
	}
	double slope = szz > 0 ? szy / szz : 0;
	for (size_t i = 0; i < n_points; i++) {
		double d = y[i] - sy - slope * (dmath_pow(n[i] / n[0], -c) - sz);
		left += d * d;
	}
	*p = (struct powerlaw){.limit = sy - slope * sz, .scale = -slope * dmath_pow(n[0], c), .exponent = c};
	return left;
}

static double grid_at(double k)
{
	return POWERLAW_LEAST * dmath_pow(POWERLAW_MOST / POWERLAW_LEAST, k / (GRID - 1));
}

int powerlaw_fit(struct powerlaw *p, const double *n, const double *y, size_t n_points)
{
	struct powerlaw own;
	int best = 0, is_flat = 1;
	double least = INFINITY;

	for (size_t i = 1; i < n_points; i++)
		is_flat &= y[i] == y[0];
	if (n_points < POWERLAW_POINTS || is_flat)
		return -1;
	for (int k = 0; k < GRID; k++) {
		double left = fit_linear(&own, n, y, n_points, grid_at(k));
		if (left < least) {
			least = left;
			best = k;
		}
	}

	/* Thirds: the least lies between the neighbours of the best. */
	double low = grid_at(best > 0 ? best - 1 : 0), high = grid_at(best < GRID - 1 ? best + 1 : GRID - 1);
	for (int i = 0; i < REFINEMENTS; i++) {
		double third = (high - low) / 3;
		if (fit_linear(&own, n, y, n_points, low + third) <
		    fit_linear(&own, n, y, n_points, high - third))
			high -= third;
		else
			low += third;
	}
	fit_linear(p, n, y, n_points, (low + high) / 2);
	p->is_bounded = best > 0 && best < GRID - 1 && p->scale > 0;
	return 0;
}

/* ---- bootstrap ---- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double exponent_of(const double *n, const double *means, size_t n_points, bool *is_bounded)
{
	struct powerlaw p = {0};
	*is_bounded = powerlaw_fit(&p, n, means, n_points) == 0 && p.is_bounded;
	/* What does not rise counts as the slowest rise there is. */
	return p.scale > 0 ? p.exponent : POWERLAW_LEAST;
}

struct powerlaw_interval powerlaw_bootstrap(const double *n, const double *y, size_t n_points, size_t n_rows,
					    size_t n_columns, int n_draws, unsigned seed)
{
	struct powerlaw_interval out = {NAN, NAN, 0};
	size_t *row = die_malloc(n_rows * sizeof *row), *column = die_malloc(n_columns * sizeof *column);
	double *means = die_malloc(n_points * sizeof *means),
	       *drawn = die_malloc((size_t)n_draws * sizeof *drawn);
	int n_bounded = 0;

	for (int draw = 0; draw < n_draws; draw++) {
		struct philox r = philox_open(seed, PURPOSE_BOOTSTRAP, (uint64_t)draw, 1);
		for (size_t i = 0; i < n_rows; i++)
			row[i] = philox_below(&r, (uint32_t)n_rows);
		for (size_t j = 0; j < n_columns; j++)
			column[j] = philox_below(&r, (uint32_t)n_columns);
		for (size_t k = 0; k < n_points; k++) {
			double sum = 0;
			for (size_t i = 0; i < n_rows; i++)
				for (size_t j = 0; j < n_columns; j++)
					sum += y[(k * n_rows + row[i]) * n_columns + column[j]];
			means[k] = sum / (double)(n_rows * n_columns);
		}
		bool is_bounded;
		drawn[draw] = exponent_of(n, means, n_points, &is_bounded);
		n_bounded += is_bounded;
	}

	qsort(drawn, (size_t)n_draws, sizeof *drawn, by_value);
	out.low = drawn[(int)(.025 * (n_draws - 1) + .5)];
	out.high = drawn[(int)(.975 * (n_draws - 1) + .5)];
	out.share = (double)n_bounded / n_draws;
	free(row);
	free(column);
	free(means);
	free(drawn);
	return out;
}
