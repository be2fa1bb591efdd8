#include "ecg/synth_rng.h"

#include <math.h>

#include "numbers/dmath.h"
#include "numbers/philox.h"

#define TWO_PI 6.283185307179586

static double unit_of(uint32_t word)
{
	return (word + 0.5) / 4294967296.0;
}

struct synth_rng synth_rng_open(uint64_t seed, uint64_t id, uint32_t stream)
{
	return (struct synth_rng){
		.key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
		.counter = {0, stream, (uint32_t)id, (uint32_t)(id >> 32)},
		.used = 4,
	};
}

double synth_rng_uniform(struct synth_rng *r)
{
	if (r->used == 4) {
		philox_block(r->words, r->counter, r->key);
		r->counter[0]++;
		r->used = 0;
	}
	return unit_of(r->words[r->used++]);
}

double synth_rng_between(struct synth_rng *r, double a, double b)
{
	return a + (b - a) * synth_rng_uniform(r);
}

double synth_rng_normal(struct synth_rng *r)
{
	if (r->has_spare) {
		r->has_spare = false;
		return r->spare;
	}
	double radius = sqrt(-2 * dmath_log(synth_rng_uniform(r)));
	double angle = TWO_PI * synth_rng_uniform(r);
	r->spare = radius * dmath_sin(angle);
	r->has_spare = true;
	return radius * dmath_cos(angle);
}

double synth_rng_clamped(struct synth_rng *r, double limit)
{
	return fmax(-limit, fmin(limit, synth_rng_normal(r)));
}

void synth_rng_normals(struct synth_rng *r, double *out, int n)
{
	for (int i = 0; i < n; i++)
		out[i] = synth_rng_normal(r);
}

double synth_rng_lognormal(struct synth_rng *r, double median, double sd, double low, double high)
{
	return fmin(fmax(median * dmath_exp(sd * synth_rng_normal(r)), low), high);
}

int synth_rng_pick(struct synth_rng *r, const double *weights, int n)
{
	double sum = 0;
	for (int i = 0; i < n; i++)
		sum += weights[i];
	double x = synth_rng_uniform(r) * sum;
	for (int i = 0; i < n; i++) {
		x -= weights[i];
		if (x < 0)
			return i;
	}
	return n - 1;
}

/* cos and sin of 2 pi (word + 1/2) / 2^32 without branches, which half of all draws would mispredict: x is
 * the distance from the middle of the quarter that the word's top bits name; polynomials as in fdlibm's
 * k_cos.c and k_sin.c. */
static void unit_circle(double *c, double *s, uint32_t word)
{
	static const double middle_cos[4] = {M_SQRT1_2, -M_SQRT1_2, -M_SQRT1_2, M_SQRT1_2};
	static const double middle_sin[4] = {M_SQRT1_2, M_SQRT1_2, -M_SQRT1_2, -M_SQRT1_2};
	uint32_t quarter = word >> 30;
	double x = (((double)(word & 0x3fffffffu) + 0.5) / 1073741824.0 - 0.5) * (TWO_PI / 4), z = x * x;
	double cosine = 1 - z * (0.5 - z * (4.16666666666666019037e-02 +
					    z * (-1.38888888888741095749e-03 +
						 z * (2.48015872894767294178e-05 +
						      z * (-2.75573143513906633035e-07 +
							   z * (2.08757232129817482790e-09 -
								z * 1.13596475577881948265e-11))))));
	double sine =
		x +
		x * z *
			(-1.66666666666666324348e-01 +
			 z * (8.33333333332248946124e-03 +
			      z * (-1.98412698298579493134e-04 +
				   z * (2.75573137070700676789e-06 + z * (-2.50507602534068634195e-08 +
									  z * 1.58969099521155010221e-10)))));

	*c = cosine * middle_cos[quarter] - sine * middle_sin[quarter];
	*s = sine * middle_cos[quarter] + cosine * middle_sin[quarter];
}

void synth_rng_white(double *out, int n, uint64_t seed, uint64_t id, uint32_t stream)
{
	const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
	for (int b = 0; b < (n + 3) / 4; b++) {
		const uint32_t counter[4] = {(uint32_t)b, stream, (uint32_t)id, (uint32_t)(id >> 32)};
		uint32_t w[4];
		philox_block(w, counter, key);
		for (int i = 0; i < 4; i += 2) {
			double radius = sqrt(-2 * dmath_log(unit_of(w[i]))), c, s;
			unit_circle(&c, &s, w[i + 1]);
			out[4 * b + i] = radius * c;
			out[4 * b + i + 1] = radius * s;
		}
	}
}
