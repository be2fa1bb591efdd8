#include "statistics/student.h"

static const double quantile[] = {12.70620, 4.30265, 3.18245, 2.77645, 2.57058, 2.44691, 2.36462,
				  2.30600,  2.26216, 2.22814, 2.20099, 2.17881, 2.16037, 2.14479,
				  2.13145,  2.11991, 2.10982, 2.10092, 2.09302, 2.08596};

double student_t975(int df)
{
	const int n_known = sizeof quantile / sizeof *quantile;
	const double z = STUDENT_NORMAL, z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z, n = df;
	if (df <= n_known)
		return quantile[df > 1 ? df - 1 : 0];
	/* Cornish and Fisher's expansion in 1/df (Abramowitz and Stegun 26.7.5). */
	return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n) +
	       (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * n * n * n);
}
