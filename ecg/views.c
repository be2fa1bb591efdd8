#include "ecg/views.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "common/die.h"
#include "ecg/interleave.h"
#include "ecg/lead.h"

_Static_assert(VIEWS_MAX_SAMPLES <= INTERLEAVE_MAX_SAMPLES, "a lead fits");

/* The model's stems halve and divide by five: its input is a whole number of tokens. */
#define TOKEN 10

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

int views_input_samples(const struct views *v)
{
	int n = v->strategy == VIEWS_HALVES	   ? v->segment
		: v->strategy == VIEWS_INTERLEAVED ? v->samples / 2
						   : v->samples;
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

void views_lead(const struct views *v, float *x, const void *signal, int lead, int view, int start)
{
	size_t n_samples = (size_t)v->samples;
	const uint8_t *from = (const uint8_t *)signal + (size_t)lead * n_samples * sizeof *x;
	int n = views_input_samples(v);
	if (v->strategy == VIEWS_INTERLEAVED)
		interleave(x, n, from, v->samples, view, v->is_antialiased);
	else
		memcpy(x, from + (size_t)start * sizeof *x, (size_t)n * sizeof *x);
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

void views_fixed(const struct views *v, float *x, const void *signal, int view)
{
	int n = views_input_samples(v), start = v->strategy == VIEWS_HALVES && view == 1 ? v->samples - n : 0;
	for (int l = 0; l < LEADS; l++) {
		float *lead = x + (size_t)l * (size_t)n;
		views_lead(v, lead, signal, l, view, start);
		if (v->is_standardized)
			views_standardize(lead, n);
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
