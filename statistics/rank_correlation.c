#include "statistics/rank_correlation.h"

#include <math.h>
#include <stdlib.h>

#include "common/die.h"

/* Ranks from 1, equals their mean. */
static void rank(double *out, const double *x, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double below = 0, same = 0;
		for (size_t j = 0; j < n; j++) {
			below += x[j] < x[i];
			same += x[j] == x[i];
		}
		out[i] = below + (same + 1) / 2;
	}
}

double rank_correlation(const double *x, const double *y, size_t n)
{
	double *rx = die_malloc((2 * n + 1) * sizeof *rx), *ry = rx + n, mean = ((double)n + 1) / 2, xx = 0,
	       yy = 0, xy = 0;
	rank(rx, x, n);
	rank(ry, y, n);
	for (size_t i = 0; i < n; i++) {
		xx += (rx[i] - mean) * (rx[i] - mean);
		yy += (ry[i] - mean) * (ry[i] - mean);
		xy += (rx[i] - mean) * (ry[i] - mean);
	}
	free(rx);
	return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : (double)NAN;
}
