#include "ecg/convolutions.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/lead.h"
#include "numbers/dmath.h"
#include "numbers/philox.h"

enum { STEP = CONVOLUTIONS_SPARE /* outputs at a time */ };

/* ---- drawing ---- */

int convolutions_scale(struct philox *r, double most)
{
	double x = dmath_exp(philox_uniform(r) * dmath_log(most > 1 ? most : 1));
	return x < 1 ? 1 : (int)x;
}

/* The first n_leads of a shuffle. */
static void draw_leads(struct convolution *k, struct philox *r)
{
	int all[LEADS];
	for (int i = 0; i < LEADS; i++)
		all[i] = i;
	for (int i = 0; i < k->n_leads; i++) {
		int j = i + (int)philox_below(r, (uint32_t)(LEADS - i));
		k->lead[i] = all[j];
		k->share[i] = (float)philox_normal(r);
		all[j] = all[i];
	}
}

/* Normal, with mean 0: what a lead's offset is does not matter. */
static void draw_weights(struct convolution *k, struct philox *r)
{
	double w[CONVOLUTION_TAPS], sum = 0;
	for (int t = 0; t < k->n_taps; t++)
		sum += w[t] = philox_normal(r);
	for (int t = 0; t < k->n_taps; t++)
		k->weight[t] = (float)(w[t] - sum / k->n_taps);
}

void convolutions_draw(struct convolution *k, int samples, struct philox *r)
{
	k->n_taps = 7 + 2 * (int)philox_below(r, 3);
	k->n_leads = convolutions_scale(r, LEADS + 1);
	draw_leads(k, r);
	draw_weights(k, r);
	k->bias = (float)(2 * philox_uniform(r) - 1);
	k->dilation = convolutions_scale(r, (samples - 1) / (double)(k->n_taps - 1));
	int reach = (k->n_taps - 1) * k->dilation;
	bool is_padded = philox_below(r, 2) || reach >= samples;
	k->padding = is_padded ? reach / 2 : 0;
}

void convolutions_init(struct convolutions *c, int n, int samples, uint64_t seed)
{
	*c = (struct convolutions){n, samples, die_calloc((size_t)n + 1, sizeof *c->kernel)};
	for (int i = 0; i < n; i++) {
		struct philox r = philox_open(seed, PURPOSE_CONVOLUTIONS, (uint64_t)i, 0);
		convolutions_draw(&c->kernel[i], samples, &r);
	}
}

void convolutions_release(struct convolutions *c)
{
	free(c->kernel);
	*c = (struct convolutions){0};
}

/* ---- applying ---- */

/* Four floats, aligned and aliased as plain ones; the bits are those of the plain loop. */
typedef float float4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t int4 __attribute__((vector_size(16), aligned(4)));

struct convolved {
	int samples, n, before; /* n: samples, rounded up to STEP; zeros before the mixture */
	float *lead;		/* [12][n] standardised, then zeros */
	float *mixed;		/* [before + n + before + STEP], zeros but for n in the middle */
};

/* To mean 0 and variance 1, or 0 where it does not vary. out may be x. */
static void standardise(float *out, const float *x, int n)
{
	double mean = 0, square = 0;
	for (int i = 0; i < n; i++)
		mean += (double)x[i];
	mean /= n;
	for (int i = 0; i < n; i++)
		square += ((double)x[i] - mean) * ((double)x[i] - mean);
	double deviation = sqrt(square / n), factor = deviation > 1e-6 ? 1 / deviation : 0;
	for (int i = 0; i < n; i++)
		out[i] = (float)(((double)x[i] - mean) * factor);
}

struct convolved *convolutions_open(int samples, int padding)
{
	struct convolved *w = die_malloc(sizeof *w);
	*w = (struct convolved){
		.samples = samples, .n = (samples + STEP - 1) / STEP * STEP, .before = padding};
	w->lead = die_calloc(LEADS * (size_t)w->n, sizeof *w->lead);
	w->mixed = die_calloc((size_t)w->n + 2 * (size_t)padding + STEP, sizeof *w->mixed);
	return w;
}

void convolutions_close(struct convolved *w)
{
	free(w->lead);
	free(w->mixed);
	free(w);
}

void convolutions_load(struct convolved *w, const void *x)
{
	size_t n_bytes = (size_t)w->samples * sizeof(float);
	for (size_t i = 0; i < LEADS; i++) {
		float *lead = w->lead + i * (size_t)w->n;
		memcpy(lead, (const char *)x + i * n_bytes, n_bytes);
		standardise(lead, lead, w->samples);
	}
}

void convolutions_scale_leads(struct convolved *w, const float factor[LEADS])
{
	for (size_t i = 0; i < LEADS; i++)
		for (int j = 0; j < w->samples; j++)
			w->lead[i * (size_t)w->n + (size_t)j] *= factor[i];
}

const float *convolutions_lead(const struct convolved *w, int lead)
{
	return w->lead + (size_t)lead * (size_t)w->n;
}

/* At -O2 gcc keeps named sums in registers, where it leaves arrays of them in memory (measured: three times
 * as slow). */
struct sums {
	float4 a, b, c, d;
};

static inline void add(struct sums *s, float factor, const float *x)
{
	const float4 *v = (const float4 *)x;
	s->a += factor * v[0];
	s->b += factor * v[1];
	s->c += factor * v[2];
	s->d += factor * v[3];
}

static inline void put(float *out, const struct sums *s)
{
	float4 *y = (float4 *)out;
	y[0] = s->a;
	y[1] = s->b;
	y[2] = s->c;
	y[3] = s->d;
}

static void mix(const struct convolved *w, const struct convolution *k)
{
	for (int first = 0; first < w->n; first += STEP) {
		struct sums s = {0};
		for (int i = 0; i < k->n_leads; i++)
			add(&s, k->share[i], w->lead + (size_t)k->lead[i] * (size_t)w->n + first);
		put(w->mixed + w->before + first, &s);
	}
}

/* STEP outputs of a kernel from the first on. */
static inline struct sums convolve(const struct convolved *w, const struct convolution *k, int first)
{
	float4 bias = {k->bias, k->bias, k->bias, k->bias};
	struct sums s = {bias, bias, bias, bias};
	const float *x = w->mixed + w->before - k->padding + first;
	for (int t = 0; t < k->n_taps; t++, x += k->dilation)
		add(&s, k->weight[t], x);
	return s;
}

struct found {
	float4 most;
	int4 n_positive; /* negated */
};

static inline void look(struct found *f, float4 y)
{
	int4 is_more = y > f->most;
	f->most = (float4)((is_more & (int4)y) | (~is_more & (int4)f->most));
	f->n_positive += y > 0;
}

static int n_outputs(const struct convolution *k, int samples)
{
	return samples + 2 * k->padding - (k->n_taps - 1) * k->dilation;
}

int convolutions_outputs(struct convolved *w, float *y, const struct convolution *k)
{
	int n = n_outputs(k, w->samples);
	mix(w, k);
	for (int first = 0; first < n; first += STEP) {
		struct sums s = convolve(w, k, first);
		put(y + first, &s);
	}
	return n;
}

/* Share of positive outputs, then the greatest. */
static void apply(float out[CONVOLUTIONS_FEATURES], const struct convolved *w, const struct convolution *k,
		  int samples)
{
	int n = n_outputs(k, samples), n_positive = 0, first = 0;
	float most = -INFINITY, rest[STEP];
	struct found f = {{most, most, most, most}, {0}};

	for (; first + STEP <= n; first += STEP) {
		struct sums s = convolve(w, k, first);
		look(&f, s.a);
		look(&f, s.b);
		look(&f, s.c);
		look(&f, s.d);
	}
	for (int j = 0; j < 4; j++) {
		n_positive -= f.n_positive[j];
		most = f.most[j] > most ? f.most[j] : most;
	}

	if (first < n) {
		struct sums s = convolve(w, k, first);
		put(rest, &s);
	}
	for (int j = 0; first + j < n; j++) {
		n_positive += rest[j] > 0;
		most = rest[j] > most ? rest[j] : most;
	}

	out[0] = (float)n_positive / (float)n;
	out[1] = most;
}

void convolutions_apply(const struct convolutions *c, float *out, const void *x)
{
	int padding = 0;
	for (int i = 0; i < c->n; i++)
		padding = c->kernel[i].padding > padding ? c->kernel[i].padding : padding;
	struct convolved *w = convolutions_open(c->samples, padding);
	convolutions_load(w, x);
	for (int i = 0; i < c->n; i++) {
		mix(w, &c->kernel[i]);
		apply(out + convolutions_width(i), w, &c->kernel[i], c->samples);
	}
	convolutions_close(w);
}
