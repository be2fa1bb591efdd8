#include "ecg/synth_rng.h"

#include <math.h>

#include "kernels/dmath.h"
#include "kernels/philox.h"

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

void synth_rng_white(double *out, int n, uint64_t seed, uint64_t id, uint32_t stream)
{
	const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
	for (int b = 0; b < (n + 3) / 4; b++) {
		const uint32_t counter[4] = {(uint32_t)b, stream, (uint32_t)id, (uint32_t)(id >> 32)};
		uint32_t w[4];
		philox_block(w, counter, key);
		for (int i = 0; i < 4; i += 2) {
			double radius = sqrt(-2 * dmath_log(unit_of(w[i])));
			double angle = TWO_PI * unit_of(w[i + 1]);
			out[4 * b + i] = radius * dmath_cos(angle);
			out[4 * b + i + 1] = radius * dmath_sin(angle);
		}
	}
}
