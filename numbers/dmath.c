/*
 * The algorithms and minimax coefficients are those of FreeBSD's msun (fdlibm, Sun Microsystems 1993, "freely
 * granted provided that this notice is preserved"), rewritten without bit-fiddled branches; pow is a
 * double-double logarithm (Dekker 1971) times y. No operation here may be contracted or reordered:
 * -ffp-contract=off.
 */
#include "numbers/dmath.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static const double ln2_hi = 6.93147180369123816490e-01,
		    ln2_lo = 1.90821492927058770002e-10; /* hi has 21 zero bits */

static uint64_t bits_of(double x)
{
	uint64_t u;
	memcpy(&u, &x, sizeof u);
	return u;
}

static double of_bits(uint64_t u)
{
	double x;
	memcpy(&x, &u, sizeof x);
	return x;
}

/* x * 2^k with one rounding at most, also where the result is subnormal: |k| <= 2098. */
static double scale(double x, int k)
{
	if (k > 1023) {
		x *= 0x1p1023;
		k -= 1023;
		if (k > 1023) {
			x *= 0x1p1023;
			k -= 1023;
		}
	} else if (k < -1022) {
		x *= 0x1p-969; /* 2^-1022 * 2^53: leaves the rounding to the last product */
		k += 969;
		if (k < -1022) {
			x *= 0x1p-969;
			k += 969;
		}
	}

	return x * of_bits((uint64_t)(1023 + k) << 52);
}

/* exp(hi - lo) for |hi - lo| <= 0.35, times 2^k. */
static double exp_reduced(double hi, double lo, int k)
{
	static const double p1 = 1.66666666666666019037e-01, p2 = -2.77777777770155933842e-03,
			    p3 = 6.61375632143793436117e-05, p4 = -1.65339022054652515390e-06,
			    p5 = 4.13813679705723846039e-08;
	double x = hi - lo, t = x * x;
	double c = x - t * (p1 + t * (p2 + t * (p3 + t * (p4 + t * p5))));
	return scale(1.0 + (x * c / (2.0 - c) - lo + hi), k);
}

double dmath_exp(double x)
{
	if (isnan(x))
		return x;
	if (x > 709.782712893383973096)
		return INFINITY;
	if (x < -745.13321910194110842)
		return 0.0;
	double k = floor(x * 1.44269504088896338700e+00 + 0.5);
	return exp_reduced(x - k * ln2_hi, k * ln2_lo, (int)k);
}

/* Split x > 0 into 2^k * m with m in [sqrt(1/2), sqrt(2)). */
static double split(double x, int *k)
{
	int e = 0;
	if (x < 0x1p-1022) {
		x *= 0x1p54;
		e = -54;
	}
	uint64_t u = bits_of(x) + (0x3ff0000000000000u - 0x3fe6a09e667f3bcdu);
	*k = e + (int)(u >> 52) - 1023;
	return of_bits((u & 0x000fffffffffffffu) + 0x3fe6a09e667f3bcdu);
}

/* log(1+f) - f + f*f/2 as s * (hfsq + R), s = f / (2 + f): fdlibm's e_log.c. */
static double log_tail(double f, double half_square)
{
	static const double l1 = 6.666666666666735130e-01, l2 = 3.999999999940941908e-01,
			    l3 = 2.857142874366239149e-01, l4 = 2.222219843214978396e-01,
			    l5 = 1.818357216161805012e-01, l6 = 1.531383769920937332e-01,
			    l7 = 1.479819860511658591e-01;
	double s = f / (2.0 + f), z = s * s, w = z * z;
	double even = w * (l2 + w * (l4 + w * l6)), odd = z * (l1 + w * (l3 + w * (l5 + w * l7)));
	return s * (half_square + (even + odd));
}

double dmath_log(double x)
{
	if (isnan(x) || x == INFINITY)
		return x;
	if (x <= 0)
		return x == 0 ? -INFINITY : NAN;
	int e;
	double f = split(x, &e) - 1.0, k = e, half_square = 0.5 * f * f;
	return k * ln2_hi - ((half_square - (log_tail(f, half_square) + k * ln2_lo)) - f);
}

double dmath_log1p(double x)
{
	if (isnan(x) || x == INFINITY)
		return x;
	if (x <= -1)
		return x == -1 ? -INFINITY : NAN;
	if (fabs(x) < 0x1p-53)
		return x;
	if (x > -0.29 && x < 0.41) {
		double half_square = 0.5 * x * x;
		return x - (half_square - log_tail(x, half_square));
	}
	int e;
	double u = 1.0 + x, lost = u < 0x1p54 ? (fabs(x) < 1 ? x - (u - 1.0) : 1.0 - (u - x)) / u : 0.0;
	double f = split(u, &e) - 1.0, k = e, half_square = 0.5 * f * f;
	return k * ln2_hi - ((half_square - (log_tail(f, half_square) + (k * ln2_lo + lost))) - f);
}

/* sin and cos of x + y for |x| <= pi/4, y the rest that x's rounding lost (fdlibm's k_sin.c, k_cos.c). */
static double sin_reduced(double x, double y)
{
	static const double s1 = -1.66666666666666324348e-01, s2 = 8.33333333332248946124e-03,
			    s3 = -1.98412698298579493134e-04, s4 = 2.75573137070700676789e-06,
			    s5 = -2.50507602534068634195e-08, s6 = 1.58969099521155010221e-10;
	double z = x * x, v = z * x, r = s2 + z * (s3 + z * (s4 + z * (s5 + z * s6)));
	return x - ((z * (0.5 * y - v * r) - y) - v * s1);
}

static double cos_reduced(double x, double y)
{
	static const double c1 = 4.16666666666666019037e-02, c2 = -1.38888888888741095749e-03,
			    c3 = 2.48015872894767294178e-05, c4 = -2.75573143513906633035e-07,
			    c5 = 2.08757232129817482790e-09, c6 = -1.13596475577881948265e-11;
	double z = x * x, r = z * (c1 + z * (c2 + z * (c3 + z * (c4 + z * (c5 + z * c6)))));
	double half = 0.5 * z, w = 1.0 - half;
	return w + (((1.0 - w) - half) + (z * r - x * y));
}

/* x = quarter * pi/2 + (*hi + *lo), |*hi| <= pi/4; pi/2 as four parts of 33 bits (Cody and Waite), |quarter|
 * < 2^20. */
static int64_t reduce(double x, double *hi, double *lo)
{
	static const double p1 = 1.57079632673412561417e+00, p2 = 6.07710050630396597660e-11,
			    p3 = 2.02226624871116645580e-21, p3_tail = 8.47842766036889956997e-32;
	double n = floor(x * 6.36619772367581382433e-01 + 0.5);
	double r = x - n * p1;				/* exact: n * p1 has at most 53 bits and cancels */
	double a = r - n * p2, lost = (r - a) - n * p2; /* n * p2 exact, the difference as an exact pair */
	double b = a - n * p3, lost2 = (a - b) - n * p3;
	double rest = lost + (lost2 - n * p3_tail);
	*hi = b + rest;
	*lo = (b - *hi) + rest;
	return (int64_t)n;
}

double dmath_sin(double x)
{
	double hi, lo;
	if (!(fabs(x) < 0x1p20))
		return NAN;
	if (fabs(x) < 0x1p-26)
		return x;

	switch (reduce(x, &hi, &lo) & 3) {
	case 0:
		return sin_reduced(hi, lo);
	case 1:
		return cos_reduced(hi, lo);
	case 2:
		return -sin_reduced(hi, lo);
	default:
		return -cos_reduced(hi, lo);
	}
}

double dmath_cos(double x)
{
	double hi, lo;
	if (!(fabs(x) < 0x1p20))
		return NAN;
	switch (reduce(x, &hi, &lo) & 3) {
	case 0:
		return cos_reduced(hi, lo);
	case 1:
		return -sin_reduced(hi, lo);
	case 2:
		return -cos_reduced(hi, lo);
	default:
		return sin_reduced(hi, lo);
	}
}

double dmath_tan(double x)
{
	double hi, lo;
	if (!(fabs(x) < 0x1p20))
		return NAN;
	if (fabs(x) < 0x1p-26)
		return x;
	int64_t quarter = reduce(x, &hi, &lo);
	double s = sin_reduced(hi, lo), c = cos_reduced(hi, lo);
	return quarter & 1 ? -c / s : s / c;
}

/* exp(x) - 1 (fdlibm's s_expm1.c) for 2^-54 < |x| < 50. */
static double expm1_between(double x)
{
	static const double q1 = -3.33333333333331316428e-02, q2 = 1.58730158725481460165e-03,
			    q3 = -7.93650757867487942473e-05, q4 = 4.00821782732936239552e-06,
			    q5 = -2.01099218183624371326e-07;
	double k = floor(x * 1.44269504088896338700e+00 + 0.5);
	double hi = x - k * ln2_hi, lo = k * ln2_lo, r = hi - lo, lost = (hi - r) - lo;
	double half = 0.5 * r, h = r * half;
	double p = 1.0 + h * (q1 + h * (q2 + h * (q3 + h * (q4 + h * q5)))), t = 3.0 - p * half;
	double e = h * ((p - t) / (6.0 - r * t));

	if (k == 0)
		return r - (r * e - h);
	e = (r * (e - lost) - lost) - h;
	double two_k = of_bits((uint64_t)(1023 + (int)k) << 52),
	       two_minus_k = of_bits((uint64_t)(1023 - (int)k) << 52);
	if (k == -1)
		return 0.5 * (r - e) - 0.5;
	if (k == 1)
		return r < -0.25 ? -2.0 * (e - (r + 0.5)) : 1.0 + 2.0 * (r - e);
	if (k < 20 && k > 0)
		return ((1.0 - two_minus_k) - (e - r)) * two_k;
	if (k > 0)
		return ((r - (e + two_minus_k)) + 1.0) * two_k;

	return (1.0 - (e - r)) * two_k - 1.0;
}

double dmath_tanh(double x)
{
	if (isnan(x) || fabs(x) < 0x1p-28)
		return x;
	double a = fabs(x), y = 1.0;
	if (a < 1.0) {
		double t = expm1_between(-2.0 * a);
		y = -t / (t + 2.0);
	} else if (a < 22.0) {
		y = 1.0 - 2.0 / (expm1_between(2.0 * a) + 2.0);
	}
	return x < 0 ? -y : y;
}

/* atan of x >= 0 (fdlibm's s_atan.c): reduced about 0, 1/2, 1, 3/2 or infinity. */
static double atan_positive(double x)
{
	static const double at[] = {
		3.33333333333329318027e-01,  -1.99999999998764832476e-01, 1.42857142725034663711e-01,
		-1.11111104054623557880e-01, 9.09088713343650656196e-02,  -7.69187620504482999495e-02,
		6.66107313738753120669e-02,  -5.83357013379057348645e-02, 4.97687799461593236017e-02,
		-3.65315727442169155270e-02, 1.62858201153657823623e-02};
	double hi = 0, lo = 0, t = x;

	if (x >= 2.4375) {
		hi = 1.57079632679489655800e+00, lo = 6.12323399573676603587e-17, t = -1.0 / x;
	} else if (x >= 1.1875) {
		hi = 9.82793723247329054082e-01, lo = 1.39033110312309984516e-17,
		t = (x - 1.5) / (1.0 + 1.5 * x);
	} else if (x >= 0.6875) {
		hi = 7.85398163397448278999e-01, lo = 3.06161699786838301793e-17, t = (x - 1.0) / (x + 1.0);
	} else if (x >= 0.4375) {
		hi = 4.63647609000806093515e-01, lo = 2.26987774529616870924e-17,
		t = (2.0 * x - 1.0) / (2.0 + x);
	}

	double z = t * t, w = z * z;
	double even = z * (at[0] + w * (at[2] + w * (at[4] + w * (at[6] + w * (at[8] + w * at[10])))));
	double odd = w * (at[1] + w * (at[3] + w * (at[5] + w * (at[7] + w * at[9]))));
	return hi == 0 ? t - t * (even + odd) : hi - ((t * (even + odd) - lo) - t);
}

double dmath_atan2(double y, double x)
{
	static const double pi = 3.14159265358979311600e+00, pi_lo = 1.22464679914735317720e-16;
	double angle;

	if (isnan(x) || isnan(y))
		return x + y;
	if (isinf(x) && isinf(y))
		angle = x > 0 ? 7.85398163397448278999e-01 : 2.35619449019234483700e+00;
	else if (y == 0)
		angle = signbit(x) ? pi : 0.0;
	else if (x == 0)
		angle = 1.57079632679489655800e+00;
	else {
		angle = atan_positive(fabs(y / x));
		if (x < 0)
			angle = pi - (angle - pi_lo);
	}

	return signbit(y) ? -angle : angle;
}

/* log(x) as an unevaluated sum *hi + *lo, about 2^-59 relative, for 0 < x < infinity. */
static void log_pair(double x, double *hi, double *lo)
{
	static const double c[] = {1.0 / 3,  1.0 / 5,  1.0 / 7,	 1.0 / 9, 1.0 / 11,
				   1.0 / 13, 1.0 / 15, 1.0 / 17, 1.0 / 19};
	int e;
	double m = split(x, &e), f = m - 1.0, g = m + 1.0, g_lost = (m - (g - 1.0)), k = e;
	double s = f / g, s_lo = (fma(-s, g, f) - s * g_lost) / g; /* s + s_lo = f / (m + 1) */
	double z = s * s, p = c[8];
	for (int i = 7; i >= 0; i--)
		p = c[i] + z * p;
	double tail = 2.0 * (s * z * p + s_lo), two_s = 2.0 * s, k_hi = k * ln2_hi;
	double sum = k_hi + two_s,
	       lost = fabs(k_hi) > fabs(two_s) ? (k_hi - sum) + two_s : (two_s - sum) + k_hi;
	double rest = lost + (tail + k * ln2_lo);
	*hi = sum + rest;
	*lo = (sum - *hi) + rest;
}

double dmath_pow(double x, double y)
{
	if (y == 0 || x == 1)
		return 1.0;
	if (isnan(x) || isnan(y) || x < 0)
		return NAN;
	if (x == 0 || x == INFINITY || isinf(y))
		return (x < 1) == (y > 0) ? 0.0 : INFINITY;

	double hi, lo;
	log_pair(x, &hi, &lo);
	double p = y * hi, p_lo = fma(y, hi, -p) + y * lo;
	if (p > 709.79)
		return INFINITY;
	if (p < -745.14)
		return 0.0;

	double k = floor(p * 1.44269504088896338700e+00 + 0.5);
	return exp_reduced(p - k * ln2_hi, k * ln2_lo - p_lo, (int)k);
}
