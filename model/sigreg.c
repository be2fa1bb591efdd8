#include "model/sigreg.h"

#include <math.h>
#include <stdbool.h>

#include "numbers/dmath.h"
#include "numbers/philox.h"

enum { KNOTS = 17 };
#define LAST	   3.0
#define DMATH_MOST 1e6 /* of dmath_sin */

void sigreg_directions(float *a, int d, int n_slices, uint64_t seed, uint64_t step)
{
	for (int k = 0; k < n_slices; k++, a += d) {
		struct philox r = philox_open(seed, PURPOSE_SLICES, step, (uint32_t)k);
		double square = 0;
		for (int j = 0; j < d; j++) {
			a[j] = (float)philox_normal(&r);
			square += (double)a[j] * (double)a[j];
		}
		double inverse = 1 / sqrt(square);
		for (int j = 0; j < d; j++)
			a[j] = (float)((double)a[j] * inverse);
	}
}

/* Knot k, its weight, and the characteristic function of the standard normal there. */
struct knot {
	double t, weight, normal;
};

static struct knot knot(int k)
{
	double step = LAST / (KNOTS - 1), t = k * step, normal = dmath_exp(-t * t / 2);
	bool is_end = k == 0 || k == KNOTS - 1;
	return (struct knot){t, (is_end ? step : 2 * step) * normal, normal};
}

/* cos and sin of k times an angle, from those of the angle, k ascending. */
struct turn {
	double c1, s1, c, s;
};

static struct turn turn_of(double angle)
{
	if (!(fabs(angle) <= DMATH_MOST))
		return (struct turn){NAN, NAN, NAN, NAN};
	return (struct turn){dmath_cos(angle), dmath_sin(angle), 1, 0};
}

static void turn_on(struct turn *u)
{
	double c = u->c * u->c1 - u->s * u->s1;
	u->s = u->s * u->c1 + u->c * u->s1;
	u->c = c;
}

double sigreg_statistic(float *dx, const float *x, int n, double weight)
{
	double c[KNOTS] = {0}, s[KNOTS] = {0}, sum = 0, step = LAST / (KNOTS - 1);
	for (int i = 0; i < n; i++) {
		struct turn u = turn_of(step * (double)x[i]);
		for (int k = 0; k < KNOTS; k++, turn_on(&u)) {
			c[k] += u.c;
			s[k] += u.s;
		}
	}

	/* c and s become what multiplies -sin and cos in the gradient. */
	for (int k = 0; k < KNOTS; k++) {
		struct knot at = knot(k);
		double real = c[k] / n - at.normal, imaginary = s[k] / n;
		sum += at.weight * (real * real + imaginary * imaginary);
		c[k] = 2 * weight * at.weight * at.t * real;
		s[k] = 2 * weight * at.weight * at.t * imaginary;
	}

	for (int i = 0; i < n; i++) {
		struct turn u = turn_of(step * (double)x[i]);
		double g = 0;
		for (int k = 0; k < KNOTS; k++, turn_on(&u))
			g += s[k] * u.c - c[k] * u.s;
		dx[i] = (float)g;
	}
	return n * sum;
}

double sigreg_collapsed(int n)
{
	double sum = 0;
	for (int k = 0; k < KNOTS; k++) {
		struct knot at = knot(k);
		sum += at.weight * (1 - at.normal) * (1 - at.normal);
	}
	return n * sum;
}
