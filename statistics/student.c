#include "statistics/student.h"

#include <math.h>

#include "numbers/dmath.h"

/* Whole degrees of freedom: results that are published rest on these digits. */
static const double quantile[] = {12.70620, 4.30265, 3.18245, 2.77645, 2.57058, 2.44691, 2.36462,
				  2.30600,  2.26216, 2.22814, 2.20099, 2.17881, 2.16037, 2.14479,
				  2.13145,  2.11991, 2.10982, 2.10092, 2.09302, 2.08596};
enum { KNOWN = sizeof quantile / sizeof *quantile, LIFTED = 20, HALVINGS = 48 };

/* Gamma(a + 1/2) / Gamma(a): by r(a) = r(a + 1) a / (a + 1/2) from where its expansion in 1/a holds to 1e-10
 * (Tricomi and Erdelyi 1951). */
static double gamma_ratio(double a)
{
	double lift = 1;
	for (; a < LIFTED; a++)
		lift *= a / (a + .5);
	return lift * sqrt(a) *
	       (1 - 1 / (8 * a) + 1 / (128 * a * a) + 5 / (1024 * a * a * a) - 21 / (32768 * a * a * a * a));
}

/* Probability of |T| > t: the incomplete beta function I_x(a, 1/2) at x = df / (df + t^2), a = df / 2, as x^a
 * (1 - x)^(1/2) / (a B(a, 1/2)) times the series of (a + 1/2)_n / (a + 1)_n x^n (Abramowitz and Stegun
 * 26.5.4). */
static double beyond(double t, double df)
{
	const double root_pi = 1.7724538509055160;
	double a = df / 2, x = df / (df + t * t), sum = 0, term = 1;
	for (int n = 0; term > 1e-12; n++) {
		sum += term;
		term *= x * (a + .5 + n) / (a + 1 + n);
	}
	return dmath_pow(x, a) * sqrt(1 - x) * gamma_ratio(a) / (a * root_pi) * sum;
}

/* Between the quantiles of the whole numbers around df. */
static double solved(double df)
{
	double low = quantile[(int)df] - 1e-4, high = quantile[(int)df - 1];
	for (int k = 0; k < HALVINGS; k++) {
		double middle = (low + high) / 2;
		if (beyond(middle, df) > .05)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

double student_t975(double df)
{
	const double z = STUDENT_NORMAL, z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z, n = df;
	if (!(df > 1))
		return quantile[0];
	if (df <= KNOWN)
		return df == floor(df) ? quantile[(int)df - 1] : solved(df);
	/* Cornish and Fisher's expansion in 1/df (Abramowitz and Stegun 26.7.5). */
	return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n) +
	       (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * n * n * n);
}
