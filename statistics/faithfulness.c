#include "statistics/faithfulness.h"

#include <math.h>
#include <stdlib.h>

#include "common/die.h"
#include "statistics/bootstrap.h"
#include "statistics/scores.h"

enum { MOST, LEAST, ANY, MOST_MINUS_ANY, MOST_MINUS_LEAST, CORRELATION, VALUES };
static const char *const names[VALUES] = {"most",	"least", "any", "most_minus_any", "most_minus_least",
					  "correlation"};

struct records {
	size_t n;
	double *value; /* [n][VALUES] */
};

static double mean_of(const double *x, int n)
{
	double sum = 0;
	for (int k = 0; k < n; k++)
		sum += x[k];
	return sum / n;
}

static double correlation(const double *x, const double *y, int n)
{
	double mean_x = mean_of(x, n), mean_y = mean_of(y, n), xx = 0, yy = 0, xy = 0;
	for (int k = 0; k < n; k++) {
		xx += (x[k] - mean_x) * (x[k] - mean_x);
		yy += (y[k] - mean_y) * (y[k] - mean_y);
		xy += (x[k] - mean_x) * (y[k] - mean_y);
	}
	return xx > 0 && yy > 0 ? xy / (sqrt(xx) * sqrt(yy)) : 0;
}

static void judge_record(double value[VALUES], const double *attention, const double *drop, int n)
{
	int most = 0, least = 0;
	for (int k = 1; k < n; k++) {
		most = attention[k] > attention[most] ? k : most;
		least = attention[k] < attention[least] ? k : least;
	}
	value[MOST] = drop[most];
	value[LEAST] = drop[least];
	value[ANY] = mean_of(drop, n);
	value[MOST_MINUS_ANY] = value[MOST] - value[ANY];
	value[MOST_MINUS_LEAST] = value[MOST] - value[LEAST];
	value[CORRELATION] = correlation(attention, drop, n);
}

/* Means over the records, each counted count[i] times (NULL: once). */
static bool means(void *context, double *value, const uint32_t *count)
{
	const struct records *r = context;
	double total = 0;
	for (int k = 0; k < VALUES; k++)
		value[k] = 0;
	for (size_t i = 0; i < r->n; i++) {
		double weight = count ? count[i] : 1;
		total += weight;
		for (int k = 0; k < VALUES; k++)
			value[k] += weight * r->value[i * VALUES + (size_t)k];
	}
	for (int k = 0; k < VALUES; k++)
		value[k] /= total;
	return total > 0;
}

json_t *faithfulness_json(const struct faithfulness_input *in)
{
	if (!in->n)
		return json_null();
	struct records r = {in->n, die_malloc(in->n * VALUES * sizeof *r.value)};

	for (size_t i = 0; i < in->n; i++)
		judge_record(r.value + i * VALUES, in->attention + i * (size_t)in->n_leads,
			     in->drop + i * (size_t)in->n_leads, in->n_leads);
	double value[VALUES],
		*resampled = die_malloc(((size_t)in->n_resamples * VALUES + 1) * sizeof *resampled);
	struct bootstrap b = {in->seed, in->n_resamples, in->n, in->patient};
	means(&r, value, NULL);
	bootstrap_run(resampled, &b, VALUES, means, &r);

	json_t *out = json_object();
	for (int k = 0; k < VALUES; k++) {
		struct bootstrap_interval i = bootstrap_interval(resampled + k, VALUES, in->n_resamples);
		json_t *one = json_object();
		json_object_set_new(one, "value", scores_number(value[k]));
		json_object_set_new(one, "error", scores_number(i.error));
		json_object_set_new(one, "low", scores_number(i.low));
		json_object_set_new(one, "high", scores_number(i.high));
		json_object_set_new(out, names[k], one);
	}

	free(resampled);
	free(r.value);
	return out;
}
