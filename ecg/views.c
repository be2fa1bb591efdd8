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

static const char *const strategy_names[] = {"halves", "interleaved", "sequential", "crops"};
enum { STRATEGIES = sizeof strategy_names / sizeof *strategy_names };

int views_n(const struct views *v)
{
	return v->n ? v->n : 2;
}

bool views_has_segments(const struct views *v)
{
	return v->strategy == VIEWS_HALVES || v->strategy == VIEWS_CROPS;
}

bool views_has_pool(const struct views *v)
{
	return v->strategy == VIEWS_SEQUENTIAL || v->strategy == VIEWS_CROPS;
}

static int check_segments(const struct views *v, struct error *e)
{
	int n = v->strategy == VIEWS_HALVES ? views_n(v) : 1;
	if (v->segment < TOKEN || v->segment % TOKEN != 0)
		return error_set(e, NULL, 0,
				 "views.segment_s gives segments of %d samples: expected a multiple of %d, "
				 "at least %d",
				 v->segment, TOKEN, TOKEN);
	if ((int64_t)n * v->segment > v->samples)
		return error_set(e, NULL, 0,
				 "views.segment_s: %s of %g s do not fit into records of %g s; make it "
				 "smaller%s",
				 n == 1	  ? "segments"
				 : n == 2 ? "two segments"
					  : "the segments of views.n",
				 v->segment / v->rate_hz, v->samples / v->rate_hz,
				 n > 2 ? ", or views.n" : "");
	return 0;
}

int views_check(const struct views *v, struct error *e)
{
	if (v->samples < 2 * TOKEN || v->samples > VIEWS_MAX_SAMPLES)
		return error_set(e, NULL, 0,
				 "records of %d samples: views need %d to %d; change preprocess.rate_hz",
				 v->samples, 2 * TOKEN, VIEWS_MAX_SAMPLES);

	if (!(v->rate_hz > 0))
		return error_set(e, NULL, 0, "a rate of %g Hz: expected a positive one", v->rate_hz);
	if (views_n(v) < 2 || views_n(v) > VIEWS_MOST)
		return error_set(e, NULL, 0, "views.n %d: expected 2 to %d", views_n(v), VIEWS_MOST);
	if (v->strategy == VIEWS_INTERLEAVED && views_n(v) != 2)
		return error_set(e, NULL, 0,
				 "views.n %d: interleaved views are two, the even and the odd samples; set "
				 "views.strategy to halves, sequential or crops",
				 views_n(v));

	return views_has_segments(v) ? check_segments(v, e) : 0;
}

const char *views_strategy_name(const struct views *v)
{
	return strategy_names[v->strategy];
}

struct views views_whole(const struct views *v)
{
	return (struct views){.strategy = VIEWS_SEQUENTIAL, .rate_hz = v->rate_hz, .samples = v->samples};
}

int views_input_samples(const struct views *v)
{
	int n = views_has_segments(v)		   ? v->segment
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
	if (v->strategy == VIEWS_SEQUENTIAL)
		return 1;
	if (!views_has_segments(v) || (v->strategy == VIEWS_HALVES && views_n(v) == 2))
		return 2;
	return (v->samples + v->segment - 1) / v->segment;
}

int views_fixed_start(const struct views *v, int view)
{
	int n = views_n_fixed(v);
	return views_has_segments(v) && n > 1 ? (v->samples - v->segment) * view / (n - 1) : 0;
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
	int n = views_input_samples(v), start = views_fixed_start(v, view);
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
	if (views_has_segments(v))
		json_object_set_new(json, "segment", json_integer(v->segment));
	if (views_n(v) != 2) /* so that two change no id */
		json_object_set_new(json, "n", json_integer(v->n));
	return json;
}

int views_read(struct views *v, const json_t *json, struct error *e)
{
	const char *strategy = NULL;
	int is_antialiased = 0, is_standardized = 0;
	json_error_t at;

	memset(v, 0, sizeof *v);

	/* The format of jansson's unpack has no const form; the value is only read. */
	if (json_unpack_ex((json_t *)json, &at, 0, "{s:s, s:F, s:i, s?:i, s?:i, s:b, s:b}", "strategy",
			   &strategy, "rate_hz", &v->rate_hz, "samples", &v->samples, "segment", &v->segment,
			   "n", &v->n, "antialias", &is_antialiased, "standardize", &is_standardized) < 0)
		return error_set(e, NULL, 0, "attribute \"views\": %s", at.text);

	v->is_antialiased = is_antialiased;
	v->is_standardized = is_standardized;
	for (int i = 0; i < STRATEGIES; i++)
		if (strcmp(strategy, strategy_names[i]) == 0) {
			v->strategy = (enum views_strategy)i;
			return views_check(v, e);
		}

	return error_set(e, NULL, 0, "attribute \"views\": unknown strategy '%s'", strategy);
}
