#include "ecg/views.h"

#include <math.h>
#include <string.h>

#include "common/die.h"
#include "ecg/lead.h"
#include "numbers/dmath.h"

/* The model's stems halve and divide by five: its input is a whole number of tokens. */
#define TOKEN 10

/* Low-pass of the interleaved strategy: windowed sinc of 2*REACH+1 taps, -6 dB at CUTOFF of the rate. With
 * Blackman's window the transition is 5.5/111 of the rate wide, so it passes up to 0.2 and stops (74 dB) from
 * 0.25, which is half the halved rate: 25 Hz for records at 100 Hz. */
#define REACH  55
#define CUTOFF 0.225

static const char *const strategy_names[] = {"halves", "interleaved", "sequential"};

int views_check(const struct views *v, struct error *e)
{
	if (v->samples < 2 * TOKEN || v->samples > VIEWS_MAX_SAMPLES)
		return error_set(e, NULL, 0,
				 "records of %d samples: views need %d to %d; change preprocess.rate_hz",
				 v->samples, 2 * TOKEN, VIEWS_MAX_SAMPLES);

	if (!(v->rate_hz > 0))
		return error_set(e, NULL, 0, "a rate of %g Hz: expected a positive one", v->rate_hz);
	if (v->strategy != VIEWS_HALVES)
		return 0;

	if (v->segment < TOKEN || v->segment % TOKEN != 0)
		return error_set(e, NULL, 0,
				 "views.segment_s gives segments of %d samples: expected a multiple of %d, "
				 "at least %d",
				 v->segment, TOKEN, TOKEN);

	if (2 * v->segment > v->samples)
		return error_set(e, NULL, 0,
				 "views.segment_s: two segments of %g s do not fit into records of %g s; "
				 "make it smaller",
				 v->segment / v->rate_hz, v->samples / v->rate_hz);

	return 0;
}

const char *views_strategy_name(const struct views *v)
{
	return strategy_names[v->strategy];
}

int views_n_bases(const struct views *v)
{
	return v->strategy == VIEWS_INTERLEAVED ? 2 : 1;
}

int views_base_of(const struct views *v, int view)
{
	return v->strategy == VIEWS_INTERLEAVED ? view : 0;
}

int views_base_samples(const struct views *v)
{
	return v->strategy == VIEWS_INTERLEAVED ? v->samples / 2 : v->samples;
}

int views_input_samples(const struct views *v)
{
	int n = v->strategy == VIEWS_HALVES ? v->segment : views_base_samples(v);
	return n - n % TOKEN;
}

double views_input_rate(const struct views *v)
{
	return v->strategy == VIEWS_INTERLEAVED ? v->rate_hz / 2 : v->rate_hz;
}

int views_n_fixed(const struct views *v)
{
	return v->strategy == VIEWS_SEQUENTIAL ? 1 : 2;
}

/* taps [REACH+1], the right half of a symmetric filter whose taps sum to one. */
static void lowpass_design(double *taps)
{
	const double pi = 3.14159265358979323846;
	double sum = 0;
	for (int i = 0; i <= REACH; i++) {
		double angle = pi * i / (REACH + 1);
		double window = 0.42 + 0.5 * dmath_cos(angle) + 0.08 * dmath_cos(2 * angle);
		double sinc = i == 0 ? 2 * CUTOFF : dmath_sin(2 * pi * CUTOFF * i) / (pi * i);
		taps[i] = window * sinc;
		sum += i == 0 ? taps[i] : 2 * taps[i];
	}
	for (int i = 0; i <= REACH; i++)
		taps[i] /= sum;
}

/* x[i], continued beyond both ends by point reflection, so that the filter sees no step there. */
static double reflected(const float *x, int n, int i)
{
	if (i < 0)
		return 2.0 * x[0] - x[-i < n ? -i : n - 1];
	if (i >= n)
		return 2.0 * x[n - 1] - x[2 * n - 2 - i > 0 ? 2 * n - 2 - i : 0];
	return x[i];
}

static double lowpass_at(const float *x, int n, int at, const double *taps)
{
	double y = taps[0] * x[at];
	if (at >= REACH && at < n - REACH) {
		for (int i = 1; i <= REACH; i++)
			y += taps[i] * ((double)x[at - i] + (double)x[at + i]);
		return y;
	}
	for (int i = 1; i <= REACH; i++)
		y += taps[i] * (reflected(x, n, at - i) + reflected(x, n, at + i));
	return y;
}

void views_base(const struct views *v, float *x, const float *signal, int k)
{
	if (v->strategy != VIEWS_INTERLEAVED) {
		memcpy(x, signal, sizeof(float) * LEADS * (size_t)v->samples);
		return;
	}
	double taps[REACH + 1];
	lowpass_design(taps);
	int n = views_base_samples(v);
	for (int l = 0; l < LEADS; l++) {
		const float *from = signal + (size_t)l * (size_t)v->samples;
		for (int i = 0; i < n; i++)
			x[l * n + i] = v->is_antialiased
					       ? (float)lowpass_at(from, v->samples, 2 * i + k, taps)
					       : from[2 * i + k];
	}
}

void views_standardize(float *x, int n)
{
	double mean = 0, square = 0;
	for (int i = 0; i < n; i++)
		mean += x[i];
	mean /= n;
	for (int i = 0; i < n; i++)
		square += (x[i] - mean) * (x[i] - mean);
	double deviation = sqrt(square / n);
	double factor = 1 / (deviation > 1e-6 ? deviation : 1e-6);
	for (int i = 0; i < n; i++)
		x[i] = (float)((x[i] - mean) * factor);
}

void views_fixed(const struct views *v, float *x, const float *base, int i)
{
	int n = views_base_samples(v), t = views_input_samples(v);
	int start = v->strategy == VIEWS_HALVES && i == 1 ? n - t : 0;
	for (int l = 0; l < LEADS; l++) {
		float *lead = x + (size_t)l * (size_t)t;
		memcpy(lead, base + (size_t)l * (size_t)n + start, sizeof(float) * (size_t)t);
		if (v->is_standardized)
			views_standardize(lead, t);
	}
}

json_t *views_json(const struct views *v)
{
	json_t *json = json_pack("{s:s, s:f, s:i, s:b, s:b}", "strategy", strategy_names[v->strategy],
				 "rate_hz", v->rate_hz, "samples", v->samples, "antialias", v->is_antialiased,
				 "standardize", v->is_standardized);
	if (!json)
		BUG("views policy is not JSON");
	if (v->strategy == VIEWS_HALVES)
		json_object_set_new(json, "segment", json_integer(v->segment));
	return json;
}

int views_read(struct views *v, const json_t *json, struct error *e)
{
	const char *strategy = NULL;
	int is_antialiased = 0, is_standardized = 0;
	json_error_t at;

	memset(v, 0, sizeof *v);

	/* The format of jansson's unpack has no const form; the value is only read. */
	if (json_unpack_ex((json_t *)json, &at, 0, "{s:s, s:F, s:i, s?:i, s:b, s:b}", "strategy", &strategy,
			   "rate_hz", &v->rate_hz, "samples", &v->samples, "segment", &v->segment,
			   "antialias", &is_antialiased, "standardize", &is_standardized) < 0)
		return error_set(e, NULL, 0, "attribute \"views\": %s", at.text);

	v->is_antialiased = is_antialiased;
	v->is_standardized = is_standardized;
	for (int i = 0; i < 3; i++)
		if (strcmp(strategy, strategy_names[i]) == 0) {
			v->strategy = (enum views_strategy)i;
			return views_check(v, e);
		}

	return error_set(e, NULL, 0, "attribute \"views\": unknown strategy '%s'", strategy);
}
