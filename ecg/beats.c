#include "ecg/beats.h"

#include <math.h>
#include <stdlib.h>

#include "common/die.h"

/* How steep all leads are at a moment. */
struct moment {
	double energy;
	int at;
};

int beats_samples(double at_100_hz, double rate_hz)
{
	int n = (int)(at_100_hz * rate_hz / 100 + .5);
	return n < 1 && at_100_hz > 0 ? 1 : n;
}

/* Mean over the leads of the differences over 2 reach samples. */
static void slopes(double *slope, const float *const lead[LEADS], int samples, int reach)
{
	for (int i = 0; i < samples; i++)
		slope[i] = 0;
	for (int l = 0; l < LEADS; l++)
		for (int i = reach; i < samples - reach; i++)
			slope[i] += fabs((double)lead[l][i + reach] - (double)lead[l][i - reach]);
	for (int i = 0; i < samples; i++)
		slope[i] /= LEADS;
}

static void smooth(struct moment *out, const double *slope, int samples, int reach)
{
	for (int i = 0; i < samples; i++) {
		double sum = 0;
		for (int j = i - reach; j <= i + reach; j++)
			sum += j >= 0 && j < samples ? slope[j] : 0;
		out[i] = (struct moment){sum / (2 * reach + 1), i};
	}
}

static int steepest_first(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;
	return x->energy > y->energy ? -1 : x->energy < y->energy ? 1 : (x->at > y->at) - (x->at < y->at);
}

/* Sets is_beat [samples]. */
static void choose(char *is_beat, const struct moment *order, int samples, int apart)
{
	char *is_near = die_calloc((size_t)samples, 1);
	double least = .35 * order[samples * 3 / 100 > 1 ? samples * 3 / 100 - 1 : 0].energy;

	for (int k = 0; k < samples && order[k].energy >= least; k++) {
		int i = order[k].at;
		if (is_near[i])
			continue;
		is_beat[i] = 1;
		for (int j = i > apart ? i - apart : 0; j <= i + apart && j < samples; j++)
			is_near[j] = 1;
	}

	free(is_near);
}

int beats_find(int *beat, const float *const lead[LEADS], int samples, double rate_hz)
{
	int before = beats_samples(100 * BEATS_BEFORE_S, rate_hz),
	    after = beats_samples(100 * BEATS_AFTER_S, rate_hz), n = 0;
	double *slope = die_malloc((size_t)samples * sizeof *slope);
	struct moment *order = die_malloc((size_t)samples * sizeof *order);
	char *is_beat = die_calloc((size_t)samples, 1);

	slopes(slope, lead, samples, beats_samples(2, rate_hz));
	smooth(order, slope, samples, beats_samples(3, rate_hz));
	qsort(order, (size_t)samples, sizeof *order, steepest_first);
	choose(is_beat, order, samples, beats_samples(30, rate_hz));

	for (int i = before; i + after <= samples; i++)
		if (is_beat[i])
			beat[n++] = i;
	if (!n)
		beat[n++] = samples / 2;

	free(slope);
	free(order);
	free(is_beat);
	return n;
}
