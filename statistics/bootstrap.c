#include "statistics/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/pool.h"
#include "numbers/philox.h"
#include "statistics/distinct.h"

enum { DRAWS = 100 };

struct run {
	const struct bootstrap *b;
	bootstrap_statistic *statistic;
	void *context;
	double *values;
	size_t n_values;
	uint32_t *cluster; /* [n] index of the record's patient, by ascending patient */
	uint32_t n_clusters;
	uint32_t *scratch;   /* per thread: [n_clusters] times drawn, [n] counts */
	uint8_t *is_missing; /* [n_resamples] */
};

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

/* cluster[i] = rank of patient[i] among the distinct patients; returns their number. */
static uint32_t number_clusters(uint32_t *cluster, const uint64_t *patient, size_t n)
{
	uint64_t *sorted = die_malloc((n + 1) * sizeof *sorted);
	memcpy(sorted, patient, n * sizeof *sorted);
	size_t n_distinct = distinct_sort(sorted, n);
	for (size_t i = 0; i < n; i++) {
		const uint64_t *at = bsearch(patient + i, sorted, n_distinct, sizeof *sorted, by_value);
		cluster[i] = (uint32_t)(at - sorted);
	}
	free(sorted);
	return (uint32_t)n_distinct;
}

static void draw(uint32_t *count, uint32_t *times, const struct run *r, int resample, int attempt)
{
	struct philox p = philox_open(r->b->seed, PURPOSE_BOOTSTRAP, (uint64_t)resample, (uint32_t)attempt);
	memset(times, 0, r->n_clusters * sizeof *times);
	for (uint32_t k = 0; k < r->n_clusters; k++)
		times[philox_below(&p, r->n_clusters)]++;
	for (size_t i = 0; i < r->b->n; i++)
		count[i] = times[r->cluster[i]];
}

static void resample(void *context, int k)
{
	struct run *r = context;
	double *value = r->values + (size_t)k * r->n_values;
	uint32_t *times = r->scratch + (size_t)pool_self() * (r->n_clusters + r->b->n),
		 *count = times + r->n_clusters;
	for (int attempt = 0; attempt < DRAWS && r->b->n; attempt++) {
		draw(count, times, r, k, attempt);
		if (r->statistic(r->context, value, count))
			return;
	}
	r->is_missing[k] = 1;
	for (size_t j = 0; j < r->n_values; j++)
		value[j] = NAN;
}

int bootstrap_run(double *values, const struct bootstrap *b, int n_values, bootstrap_statistic *statistic,
		  void *context)
{
	struct run r = {b, statistic, context, values, .n_values = (size_t)n_values};
	r.cluster = die_malloc((b->n + 1) * sizeof *r.cluster);
	r.n_clusters = number_clusters(r.cluster, b->patient, b->n);
	r.scratch = die_malloc(((size_t)pool_threads() * (r.n_clusters + b->n) + 1) * sizeof *r.scratch);
	r.is_missing = die_calloc((size_t)b->n_resamples + 1, 1);
	pool_run(resample, &r, b->n_resamples);
	int n_missing = 0;
	for (int k = 0; k < b->n_resamples; k++)
		n_missing += r.is_missing[k];
	free(r.is_missing);
	free(r.scratch);
	free(r.cluster);
	return n_missing;
}

static int by_number(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double quantile(const double *sorted, int n, double q)
{
	double at = q * (n - 1);
	int below = (int)at, above = below + 1 < n ? below + 1 : below;
	return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

struct bootstrap_interval bootstrap_interval(const double *value, size_t stride, int n)
{
	double *sorted = die_malloc(((size_t)n + 1) * sizeof *sorted), mean = 0, square = 0;
	struct bootstrap_interval out = {NAN, NAN, NAN, 0};

	for (int i = 0; i < n; i++)
		if (!isnan(value[(size_t)i * stride]))
			sorted[out.n++] = value[(size_t)i * stride];
	qsort(sorted, (size_t)out.n, sizeof *sorted, by_number);
	for (int i = 0; i < out.n; i++)
		mean += sorted[i];
	mean /= out.n ? out.n : 1;
	for (int i = 0; i < out.n; i++)
		square += (sorted[i] - mean) * (sorted[i] - mean);

	if (out.n >= 2) {
		out.error = sqrt(square / (out.n - 1));
		out.low = quantile(sorted, out.n, 0.025);
		out.high = quantile(sorted, out.n, 0.975);
	}

	free(sorted);
	return out;
}
