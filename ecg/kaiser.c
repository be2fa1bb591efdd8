#include "ecg/kaiser.h"

#include <math.h>

#include "numbers/dmath.h"

#define PI 3.141592653589793

/* Modified Bessel function of the first kind, order 0: sum of ((x/2)^k / k!)^2; all terms positive. */
static double bessel_i0(double x)
{
	double sum = 1, term = 1;
	for (int k = 1; term > sum * 1e-17; k++) {
		term *= (x / (2 * k)) * (x / (2 * k));
		sum += term;
	}
	return sum;
}

void kaiser_lowpass(double *taps, int half, double cutoff, double beta)
{
	double sum = 0;
	for (int k = 0; k <= half; k++) {
		double angle = 2 * PI * cutoff * k, edge = (double)k / half;
		double sinc = k == 0 ? 1 : dmath_sin(angle) / angle;
		taps[k] = sinc * bessel_i0(beta * sqrt(1 - edge * edge)) / bessel_i0(beta);
		sum += k == 0 ? taps[k] : 2 * taps[k];
	}
	for (int k = 0; k <= half; k++)
		taps[k] /= sum;
}

double kaiser_beta(double attenuation_db)
{
	return .1102 * (attenuation_db - 8.7);
}

int kaiser_half(double attenuation_db, double transition)
{
	return (int)ceil((attenuation_db - 7.95) / (14.36 * transition) / 2);
}
