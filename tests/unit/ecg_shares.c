/* Beats and shares, against NumPy's (tests/golden/exemplars.py) and the definition in a plain loop. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "ecg/beats.h"
#include "ecg/shares.h"
#include "numbers/dmath.h"
#include "numbers/philox.h"

enum { RECORDS = 12, SAMPLES = 300 };

/* ---- the golden file ---- */

/* As exemplars.py has it. */
static void golden_record(float *x, int r)
{
	for (int l = 0; l < LEADS; l++)
		for (int i = 0; i < SAMPLES; i++) {
			int noise = (l * 7919 + i * 104729 + r * 1299709 + i * i % 251 * 31) % 2001 / 8,
			    phase = i % (70 + 9 * r),
			    spike = phase < 6 ? (6 - phase) * (l + 1) * 60 * (l % 3 ? 1 : -1) : 0,
			    wave = phase >= 25 && phase < 45 ? (10 - abs(phase - 35)) * (13 - l) * 8 : 0;
			x[l * SAMPLES + i] = (float)(noise + spike + wave) / 256;
		}
}

static void golden_scale(float scale[LEADS], int r)
{
	for (int l = 0; l < LEADS; l++)
		scale[l] = -(float)(l + r) / 8;
}

static json_t *golden_read(void)
{
	char *text;
	size_t n_bytes;
	struct error e = {0};
	assert_int_equal(file_read(&text, &n_bytes, "tests/golden/exemplars.json", 1 << 20, &e), 0);
	json_t *json = json_read(text, n_bytes, "exemplars.json", &e);
	assert_non_null(json);
	free(text);
	return json;
}

static double number(const json_t *list, size_t i)
{
	return json_number_value(json_array_get(list, i));
}

static void golden_kernel(struct share *s, const json_t *k)
{
	const json_t *leads = json_object_get(k, "leads"), *weights = json_object_get(k, "weight"),
		     *gate = json_object_get(k, "gate");
	*s = (struct share){.from = (int)number(gate, 0),
			    .end = (int)number(gate, 1),
			    .quantile = json_number_value(json_object_get(k, "quantile"))};
	s->kernel.n_leads = (int)json_array_size(leads);
	for (size_t i = 0; i < json_array_size(leads); i++) {
		s->kernel.lead[i] = (int)number(leads, i);
		s->kernel.share[i] = (float)number(json_object_get(k, "share"), i);
	}
	s->kernel.n_taps = (int)json_array_size(weights);
	for (size_t t = 0; t < json_array_size(weights); t++)
		s->kernel.weight[t] = (float)number(weights, t);
	s->kernel.dilation = (int)json_integer_value(json_object_get(k, "dilation"));
	s->kernel.padding = (int)json_integer_value(json_object_get(k, "padding"));
}

static struct shares golden_shares(const json_t *json)
{
	const json_t *kernels = json_object_get(json, "kernels");
	struct shares s = {(int)json_array_size(kernels), SAMPLES, .rate_hz = 100};
	s.share = calloc((size_t)s.n, sizeof *s.share);
	for (int i = 0; i < s.n; i++) {
		golden_kernel(&s.share[i], json_array_get(kernels, (size_t)i));
		int padding = s.share[i].kernel.padding;
		s.padding = padding > s.padding ? padding : s.padding;
	}
	return s;
}

static void beats_are_those_of_numpy(void **state)
{
	(void)state;
	json_t *json = golden_read();
	float x[LEADS * SAMPLES];
	const float *lead[LEADS];
	int beat[BEATS_MAX];
	for (int l = 0; l < LEADS; l++)
		lead[l] = x + l * SAMPLES;
	for (int r = 0; r < RECORDS; r++) {
		const json_t *expected = json_array_get(json_object_get(json, "beats"), (size_t)r);
		golden_record(x, r);
		for (int l = 0; l < LEADS; l++) { /* to mean 0, deviation 1 */
			double mean = 0, square = 0;
			for (int i = 0; i < SAMPLES; i++)
				mean += (double)lead[l][i] / SAMPLES;
			for (int i = 0; i < SAMPLES; i++)
				square += ((double)lead[l][i] - mean) * ((double)lead[l][i] - mean) / SAMPLES;
			for (int i = 0; i < SAMPLES; i++)
				x[l * SAMPLES + i] = (float)(((double)lead[l][i] - mean) / sqrt(square));
		}
		int n = beats_find(beat, lead, SAMPLES, 100);
		assert_int_equal(n, json_array_size(expected));
		for (int i = 0; i < n; i++)
			assert_int_equal(beat[i], (int)number(expected, (size_t)i));
	}
	json_decref(json);
}

static void thresholds_and_shares_are_those_of_numpy(void **state)
{
	(void)state;
	json_t *json = golden_read();
	const json_t *features = json_object_get(json, "features");
	struct shares s = golden_shares(json);
	size_t n = (size_t)s.n, n_learned = (size_t)json_integer_value(json_object_get(json, "learned"));
	float x[LEADS * SAMPLES], scale[LEADS], *out = malloc(n * SHARES_SAMPLES * sizeof *out),
						*of = malloc(n * n_learned * SHARES_SAMPLES * sizeof *of),
						*threshold = malloc(n * sizeof *threshold);

	for (size_t r = 0; r < n_learned; r++) {
		golden_record(x, (int)r);
		golden_scale(scale, (int)r);
		shares_sample(&s, out, x, scale);
		for (size_t k = 0; k < n; k++)
			memcpy(of + (k * n_learned + r) * SHARES_SAMPLES, out + k * SHARES_SAMPLES,
			       SHARES_SAMPLES * sizeof *of);
	}
	for (size_t k = 0; k < n; k++) {
		threshold[k] = shares_threshold(of + k * n_learned * SHARES_SAMPLES,
						n_learned * SHARES_SAMPLES, s.share[k].quantile);
		double expected = number(json_object_get(json, "threshold"), k);
		assert_true(fabs((double)threshold[k] - expected) < 4e-6);
	}

	for (int r = 0; r < RECORDS; r++) {
		golden_record(x, r);
		golden_scale(scale, r);
		shares_apply(&s, out, threshold, x, scale);
		for (size_t k = 0; k < n; k++)
			assert_float_equal(out[k], number(json_array_get(features, (size_t)r), k), 1e-7f);
	}

	free(out);
	free(of);
	free(threshold);
	shares_release(&s);
	json_decref(json);
}

/* ---- the definition ---- */

/* Rates and lengths of records, a lead absent. */
static float *noise_record(int samples)
{
	float *x = calloc((size_t)(LEADS * samples), sizeof *x);
	struct philox r = philox_open(4, PURPOSE_NOISE, (uint64_t)samples, 0);
	for (int i = 0; i < LEADS * samples; i++)
		x[i] = i / samples == 7 ? 0 : (float)(philox_normal(&r) + (i % samples % 83 < 4 ? 9 : 0));
	return x;
}

static void standardised(float *x, int samples)
{
	double mean = 0, square = 0;
	for (int i = 0; i < samples; i++)
		mean += (double)x[i];
	mean /= samples;
	for (int i = 0; i < samples; i++)
		square += ((double)x[i] - mean) * ((double)x[i] - mean);
	double deviation = sqrt(square / samples), factor = deviation > 1e-6 ? 1 / deviation : 0;
	for (int i = 0; i < samples; i++)
		x[i] = (float)(((double)x[i] - mean) * factor);
}

static float output(const struct convolution *k, const float *x, int samples, int j)
{
	float y = 0;
	for (int t = 0; t < k->n_taps; t++) {
		int at = j - k->padding + t * k->dilation;
		float mixed = 0;
		for (int i = 0; i < k->n_leads && at >= 0 && at < samples; i++)
			mixed += k->share[i] * x[k->lead[i] * samples + at];
		y += k->weight[t] * mixed;
	}
	return y;
}

/* Outputs that count, into y; standard and mv [12][samples]. */
static int plain(float *y, const struct share *s, const float *standard, const float *mv, int samples,
		 const int *beat, int n_beats)
{
	const struct convolution *k = &s->kernel;
	int n_all = samples + 2 * k->padding - (k->n_taps - 1) * k->dilation, n = 0;
	for (int j = 0; j < n_all && s->end == s->from; j++)
		y[n++] = output(k, standard, samples, j);
	for (int b = 0; b < n_beats; b++)
		for (int j = beat[b] + s->from; j < beat[b] + s->end; j++)
			if (j >= 0 && j < n_all)
				y[n++] = output(k, mv, samples, j);
	return n;
}

static void the_fast_way_equals_the_definition_bit_for_bit(void **state)
{
	static const struct {
		int samples;
		double rate_hz;
	} records[] = {{1000, 100}, {101, 100}, {999, 250}, {1237, 500}, {50, 50}, {11, 10}, {16384, 10000}};
	(void)state;
	for (size_t c = 0; c < sizeof records / sizeof *records; c++) {
		enum { EACH = 25, ALL = 2 * EACH };
		int samples = records[c].samples, beat[BEATS_MAX];
		float *x = noise_record(samples), scale[LEADS], out[ALL], samples_of[ALL * SHARES_SAMPLES],
		      threshold[ALL], *y = malloc((size_t)(3 * samples + 100000) * sizeof *y);
		struct shares s;
		assert_int_equal(shares_check(samples, records[c].rate_hz), 0);
		shares_init(&s, EACH, EACH, samples, records[c].rate_hz, 9);
		for (int l = 0; l < LEADS; l++)
			scale[l] = .1f * (float)l - 1;
		for (int k = 0; k < ALL; k++)
			threshold[k] = .2f * (float)(k % 7 - 3);
		shares_sample(&s, samples_of, x, scale);
		shares_apply(&s, out, threshold, x, scale);

		float *mv = malloc((size_t)(LEADS * samples) * sizeof *mv);
		const float *lead[LEADS];
		for (int l = 0; l < LEADS; l++) {
			lead[l] = x + l * samples;
			standardised(x + l * samples, samples);
			for (int i = 0; i < samples; i++)
				mv[l * samples + i] = lead[l][i] * (float)dmath_exp((double)scale[l]);
		}
		int n_beats = beats_find(beat, lead, samples, records[c].rate_hz);

		for (int k = 0; k < ALL; k++) {
			int n = plain(y, &s.share[k], x, mv, samples, beat, n_beats), n_above = 0;
			assert_true(n > 0);
			for (int j = 0; j < n; j++)
				n_above += y[j] > threshold[k];
			assert_true(out[k] == (float)n_above / (float)n);
			for (int j = 0; j < SHARES_SAMPLES; j++)
				assert_memory_equal(&samples_of[k * SHARES_SAMPLES + j],
						    &y[(2 * j + 1) * n / (2 * SHARES_SAMPLES)], sizeof *y);
		}
		shares_release(&s);
		free(x);
		free(y);
		free(mv);
	}
}

/* ---- what holds of any ---- */

static void kernels_and_windows_vary_within_their_bounds(void **state)
{
	(void)state;
	enum { EACH = 1000 };
	struct shares s, fewer;
	int widest = 0, first = 100, last = -100, longest = 0;
	shares_init(&s, EACH, EACH, 1000, 100, 1);
	for (int i = 0; i < EACH; i++) {
		const struct share *e = &s.share[i], *g = &s.share[EACH + i];
		int width = g->end - g->from, reach = (g->kernel.n_taps - 1) * g->kernel.dilation;
		assert_true(e->from == 0 && e->end == 0);
		assert_true(e->quantile > .02 && e->quantile < .98);
		assert_true(width >= 3 && width < 30);
		assert_true(g->from >= SHARES_FIRST && g->from <= SHARES_LAST);
		assert_in_range(g->kernel.dilation, 1, 6);
		assert_int_equal(2 * g->kernel.padding, reach);
		widest = width > widest ? width : widest;
		first = g->from < first ? g->from : first;
		last = g->end > last ? g->end : last;
		longest = e->kernel.dilation > longest ? e->kernel.dilation : longest;
	}
	assert_true(widest > 25 && first == SHARES_FIRST && last > SHARES_LAST && longest > 100);

	shares_init(&fewer, 3, 2, 1000, 100, 1);
	assert_memory_equal(fewer.share, s.share, 3 * sizeof *s.share);
	assert_memory_equal(fewer.share + 3, s.share + EACH, 2 * sizeof *s.share);
	shares_release(&fewer);
	shares_release(&s);
}

/* The same kernels in seconds at another rate: what is drawn is of 100 Hz. */
static void times_are_scaled_to_the_rate(void **state)
{
	(void)state;
	enum { EACH = 300 };
	struct shares slow, fast;
	shares_init(&slow, 0, EACH, 1000, 100, 1);
	shares_init(&fast, 0, EACH, 5000, 500, 1);
	for (int i = 0; i < EACH; i++) {
		const struct share *a = &slow.share[i], *b = &fast.share[i];
		assert_int_equal(b->kernel.dilation, 5 * a->kernel.dilation);
		assert_true(abs(b->from - 5 * a->from) <= 8 && abs(b->end - 5 * a->end) <= 12);
	}
	shares_release(&slow);
	shares_release(&fast);
}

static void a_record_without_a_beat_has_one_in_its_middle(void **state)
{
	(void)state;
	enum { SHORT = 120 };
	float x[LEADS * SHORT] = {0};
	const float *lead[LEADS];
	int beat[BEATS_MAX];
	for (int l = 0; l < LEADS; l++) {
		lead[l] = x + l * SHORT;
		x[l * SHORT + 10] = x[l * SHORT + 11] = 5; /* its only slopes are too near its start */
	}
	assert_int_equal(beats_find(beat, lead, SHORT, 100), 1);
	assert_int_equal(beat[0], SHORT / 2);
}

static void amplitude_moves_gated_shares_alone(void **state)
{
	(void)state;
	enum { EACH = 20, ALL = 2 * EACH };
	struct shares s;
	float *x = noise_record(1000), scale[LEADS] = {0}, low[ALL], high[ALL], threshold[ALL];
	int n_moved = 0;
	shares_init(&s, EACH, EACH, 1000, 100, 2);
	for (int k = 0; k < ALL; k++)
		threshold[k] = 1;
	shares_apply(&s, low, threshold, x, scale);
	for (int l = 0; l < LEADS; l++)
		scale[l] = 1;
	shares_apply(&s, high, threshold, x, scale);
	assert_memory_equal(low, high, EACH * sizeof *low);
	for (int k = EACH; k < ALL; k++)
		n_moved += low[k] < high[k] || low[k] > high[k];
	assert_true(n_moved > EACH / 2);
	shares_release(&s);
	free(x);
}

static void records_too_short_for_a_beat_are_refused(void **state)
{
	(void)state;
	assert_int_equal(shares_check(10, 10), 0);
	assert_int_equal(shares_check(10, 9.9), -1);
	assert_int_equal(shares_check(100, 100), 0);
	assert_int_equal(shares_check(99, 100), -1);
	assert_int_equal(shares_check(499, 500), -1);
}

/* A record without V1 to V6: what of its kernels' leads is there, and how much of each. */
static void kernels_of_absent_leads_are_not_known(void **state)
{
	(void)state;
	struct shares s;
	bool known[60];
	float *x = die_malloc(LEADS * SAMPLES * sizeof *x);
	golden_record(x, 1);
	shares_init(&s, 20, 40, SAMPLES, 100, 5);
	assert_int_equal(shares_known(&s, known, x), 0);

	s.share[0].kernel = (struct convolution){.n_leads = 2, .lead = {1, 6}, .share = {-1, 1}};
	s.share[1].kernel = (struct convolution){.n_leads = 2, .lead = {1, 6}, .share = {1, -2}};
	s.share[2].kernel = (struct convolution){.n_leads = 1, .lead = {11}, .share = {1}};
	memset(x + 6 * SAMPLES, 0, 6 * SAMPLES * sizeof *x);
	x[5 * SAMPLES] = -x[5 * SAMPLES];
	int n_unknown = shares_known(&s, known, x);
	assert_true(known[0] && !known[1] && !known[2]);
	for (int k = 0; k < s.n; k++) {
		double part[2] = {0};
		for (int i = 0; i < s.share[k].kernel.n_leads; i++)
			part[s.share[k].kernel.lead[i] >= 6] += pow((double)s.share[k].kernel.share[i], 2);
		assert_int_equal(known[k], part[1] <= part[0]);
		n_unknown -= part[1] > part[0];
	}
	assert_int_equal(n_unknown, 0);
	shares_release(&s);
	free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(beats_are_those_of_numpy),
					   cmocka_unit_test(thresholds_and_shares_are_those_of_numpy),
					   cmocka_unit_test(the_fast_way_equals_the_definition_bit_for_bit),
					   cmocka_unit_test(kernels_and_windows_vary_within_their_bounds),
					   cmocka_unit_test(times_are_scaled_to_the_rate),
					   cmocka_unit_test(a_record_without_a_beat_has_one_in_its_middle),
					   cmocka_unit_test(amplitude_moves_gated_shares_alone),
					   cmocka_unit_test(records_too_short_for_a_beat_are_refused),
					   cmocka_unit_test(kernels_of_absent_leads_are_not_known)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
