#include "ecg/shares.h"

#include <math.h>
#include <stdlib.h>

#include "common/die.h"
#include "ecg/beats.h"
#include "numbers/dmath.h"

/* ---- drawing ---- */

/* A width of 3 to 29 samples at 100 Hz, its logarithm uniform, around a uniform centre. */
static void draw_window(struct share *s, double rate_hz, struct philox *r)
{
	double unit = rate_hz / 100, low = dmath_log(3), high = dmath_log(30);
	int width = (int)(dmath_exp(low + philox_uniform(r) * (high - low)) * unit),
	    first = -beats_samples(-SHARES_FIRST, rate_hz);
	double centre = (SHARES_FIRST + philox_uniform(r) * (SHARES_LAST - SHARES_FIRST)) * unit;

	width = width < 1 ? 1 : width;
	s->from = (int)(centre - width / 2.);
	s->from = s->from < first ? first : s->from;
	s->end = s->from + width;
}

static void draw(struct share *s, bool is_gated, const struct shares *of, struct philox *r)
{
	struct convolution *k = &s->kernel;
	convolutions_draw(k, of->samples, r);
	k->bias = 0;
	if (is_gated) {
		k->dilation = beats_samples(convolutions_scale(r, 7), of->rate_hz);
		k->padding = (k->n_taps - 1) * k->dilation / 2;
		draw_window(s, of->rate_hz, r);
	}
	s->quantile = .02 + .96 * philox_uniform(r);
}

int shares_check(int samples, double rate_hz)
{
	return rate_hz < 10 || samples < beats_samples(100, rate_hz) ? -1 : 0;
}

void shares_init(struct shares *s, int n_everywhere, int n_gated, int samples, double rate_hz, uint64_t seed)
{
	int n = n_everywhere + n_gated;
	*s = (struct shares){n, samples, .rate_hz = rate_hz,
			     .share = die_calloc((size_t)n + 1, sizeof *s->share)};
	for (int i = 0; i < n; i++) {
		bool is_gated = i >= n_everywhere;
		struct philox r = philox_open(seed, PURPOSE_SHARES,
					      (uint64_t)(is_gated ? i - n_everywhere : i), is_gated);
		draw(&s->share[i], is_gated, s, &r);
		int padding = s->share[i].kernel.padding;
		s->padding = padding > s->padding ? padding : s->padding;
	}
}

void shares_release(struct shares *s)
{
	free(s->share);
	*s = (struct shares){0};
}

/* ---- one record ---- */

/* What a thread works with. */
struct work {
	const struct shares *shares;
	struct convolved *standard, *mv; /* the record as the two kinds of kernels see it */
	int n_beats, *beat;
	float *y;	/* all outputs of a kernel */
	float *counted; /* those that count, of a gated one */
};

static struct work prepare(const struct shares *s, const void *x, const float scale[LEADS])
{
	size_t n = (size_t)(s->samples + 2 * s->padding), n_window = 0;
	struct work w = {.shares = s,
			 .standard = convolutions_open(s->samples, s->padding),
			 .mv = convolutions_open(s->samples, s->padding)};
	const float *lead[LEADS];
	float factor[LEADS];
	w.beat = die_malloc(BEATS_MAX * sizeof *w.beat);
	w.y = die_malloc((n + CONVOLUTIONS_SPARE) * sizeof *w.y);

	convolutions_load(w.standard, x);
	convolutions_load(w.mv, x);
	for (int l = 0; l < LEADS; l++) {
		lead[l] = convolutions_lead(w.standard, l);
		factor[l] = (float)dmath_exp((double)scale[l]);
	}
	convolutions_scale_leads(w.mv, factor);
	w.n_beats = beats_find(w.beat, lead, s->samples, s->rate_hz);

	for (int i = 0; i < s->n; i++) {
		size_t width = (size_t)(s->share[i].end - s->share[i].from);
		n_window = width > n_window ? width : n_window;
	}
	w.counted = die_malloc((n_window * (size_t)w.n_beats + 1) * sizeof *w.counted);
	return w;
}

static void release(struct work *w)
{
	convolutions_close(w->standard);
	convolutions_close(w->mv);
	free(w->beat);
	free(w->y);
	free(w->counted);
}

/* The outputs that count; at least one. Borrowed until the next call. */
static const float *counted(struct work *w, int *n, const struct share *s)
{
	bool is_gated = s->end > s->from;
	int n_all = convolutions_outputs(is_gated ? w->mv : w->standard, w->y, &s->kernel);
	*n = n_all;
	if (!is_gated)
		return w->y;

	*n = 0;
	for (int b = 0; b < w->n_beats; b++)
		for (int i = w->beat[b] + s->from; i < w->beat[b] + s->end && i < n_all; i++)
			w->counted[(*n)++] = w->y[i];
	return w->counted;
}

void shares_sample(const struct shares *s, float *out, const void *x, const float scale[LEADS])
{
	struct work w = prepare(s, x, scale);
	for (int i = 0; i < s->n; i++) {
		int n;
		const float *y = counted(&w, &n, &s->share[i]);
		for (int j = 0; j < SHARES_SAMPLES; j++)
			*out++ = y[(2 * j + 1) * n / (2 * SHARES_SAMPLES)];
	}
	release(&w);
}

void shares_apply(const struct shares *s, float *out, const float *threshold, const void *x,
		  const float scale[LEADS])
{
	struct work w = prepare(s, x, scale);
	for (int i = 0; i < s->n; i++) {
		int n, n_above = 0;
		const float *y = counted(&w, &n, &s->share[i]);
		for (int j = 0; j < n; j++)
			n_above += y[j] > threshold[i];
		out[i] = (float)n_above / (float)n;
	}
	release(&w);
}

/* ---- leads that are not there ---- */

static bool is_zero(const unsigned char *bytes, size_t n)
{
	while (n > 0 && !bytes[n - 1])
		n--;
	return n == 0;
}

int shares_known(const struct shares *s, bool *known, const void *x)
{
	size_t n_bytes = (size_t)s->samples * sizeof(float);
	bool is_absent[LEADS];
	int n_unknown = 0;
	for (size_t l = 0; l < LEADS; l++)
		is_absent[l] = is_zero((const unsigned char *)x + l * n_bytes, n_bytes);

	for (int k = 0; k < s->n; k++) {
		const struct convolution *c = &s->share[k].kernel;
		double present = 0, absent = 0;
		for (int i = 0; i < c->n_leads; i++)
			*(is_absent[c->lead[i]] ? &absent : &present) +=
				(double)c->share[i] * (double)c->share[i];
		known[k] = present >= absent;
		n_unknown += !known[k];
	}
	return n_unknown;
}

/* ---- thresholds ---- */

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return (x > y) - (x < y);
}

float shares_threshold(float *outputs, size_t n, double quantile)
{
	double place = quantile * (double)(n - 1);
	size_t i = (size_t)place, next = i + 1 < n ? i + 1 : i;
	qsort(outputs, n, sizeof *outputs, by_value);
	return (float)((double)outputs[i] +
		       (place - (double)i) * ((double)outputs[next] - (double)outputs[i]));
}
