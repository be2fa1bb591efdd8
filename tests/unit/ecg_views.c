#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ecg/lead.h"
#include "ecg/views.h"
#include "numbers/dmath.h"

#define N 1000

static struct views policy(enum views_strategy strategy)
{
	return (struct views){
		.strategy = strategy, .rate_hz = 100, .samples = N, .segment = 500, .is_antialiased = true};
}

static void tone(float *x, double hz)
{
	for (int l = 0; l < LEADS; l++)
		for (int i = 0; i < N; i++)
			x[l * N + i] = (float)dmath_sin(6.283185307179586 * hz * i / 100 + 0.3 * l);
}

/* Root mean square of one lead of an interleaved view, without the ends. */
static double rms(const float *x, int n)
{
	double sum = 0;
	for (int i = 50; i < n - 50; i++)
		sum += (double)x[i] * x[i];
	return sqrt(sum / (n - 100));
}

/* All leads of what view 0 or 1 of the interleaved strategy is cut from; x [12][N/2]. */
static void interleaved(float *x, const void *signal, int view, bool is_antialiased)
{
	struct views v = policy(VIEWS_INTERLEAVED);
	v.is_antialiased = is_antialiased;
	for (int l = 0; l < LEADS; l++)
		views_lead(&v, x + l * N / 2, signal, l, view, 0);
}

static double rms_of_tone(double hz, bool is_antialiased)
{
	static float signal[LEADS * N], x[LEADS * N / 2];
	tone(signal, hz);
	interleaved(x, signal, 1, is_antialiased);
	return rms(x + 3 * N / 2, N / 2);
}

static void a_40_hz_tone_does_not_alias(void **state)
{
	(void)state;
	assert_true(rms_of_tone(40, true) < 1e-3);
	assert_true(rms_of_tone(26, true) < 1e-3);
}

static void without_the_filter_a_40_hz_tone_aliases(void **state)
{
	(void)state;
	assert_true(rms_of_tone(40, false) > 0.5);
}

static void what_the_new_rate_can_carry_passes(void **state)
{
	(void)state;
	assert_true(fabs(rms_of_tone(5, true) - 0.70710678) < 1e-3);
	assert_true(fabs(rms_of_tone(19, true) - 0.70710678) < 5e-3);
}

static void interleaved_views_are_the_even_and_the_odd_samples(void **state)
{
	(void)state;
	static float signal[LEADS * N], even[LEADS * N / 2], odd[LEADS * N / 2];
	tone(signal, 3);
	interleaved(even, signal, 0, true);
	interleaved(odd, signal, 1, true);
	for (int l = 0; l < LEADS; l++)
		for (int i = 0; i < N / 2; i++) {
			assert_true(fabsf(even[l * N / 2 + i] - signal[l * N + 2 * i]) < 0.02f);
			assert_true(fabsf(odd[l * N / 2 + i] - signal[l * N + 2 * i + 1]) < 0.02f);
		}
}

/* The low-pass as docs/views.md states it, one output after another. */
static float lowpass_at(const float *x, int n, int at)
{
	enum { REACH = 55 };
	double taps[REACH + 1], sum = 0, y = 0;
	for (int j = 0; j <= REACH; j++) {
		double angle = 3.14159265358979323846 * j / (REACH + 1);
		double window = 0.42 + 0.5 * dmath_cos(angle) + 0.08 * dmath_cos(2 * angle);
		taps[j] = window * (j ? dmath_sin(2 * 3.14159265358979323846 * 0.225 * j) /
						    (3.14159265358979323846 * j)
				      : 2 * 0.225);
		sum += j ? 2 * taps[j] : taps[j];
	}
	for (int j = 0; j <= REACH; j++) {
		int before = at - j, after = at + j;
		double low = before < 0 ? 2.0 * x[0] - x[-before < n ? -before : n - 1] : x[before];
		double high = after >= n ? 2.0 * x[n - 1] - x[2 * n - 2 - after > 0 ? 2 * n - 2 - after : 0]
					 : x[after];
		y = j ? y + taps[j] / sum * (low + high) : taps[0] / sum * x[at];
	}
	return (float)y;
}

static void the_low_pass_gives_the_bits_of_the_plain_loop(void **state)
{
	(void)state;
	static const int lengths[] = {20, 25, 40, 111, 250, 1000, 1019};
	static uint8_t stored[LEADS * 1019 * sizeof(float) + 2];
	static float lead[1019], x[1019];

	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
		for (int view = 0; view < 2; view++) {
			struct views v = policy(VIEWS_INTERLEAVED);
			int n = v.samples = lengths[i];
			for (int k = 0; k < n; k++)
				lead[k] = (float)((k * 7919 + k * k) % 613) / 100 - 3;
			/* As in a leaf page of an artifact: at an even address. */
			memcpy(stored + 2 + 5 * (size_t)n * sizeof *lead, lead, (size_t)n * sizeof *lead);
			views_lead(&v, x, stored + 2, 5, view, 0);
			for (int k = 0; k < views_input_samples(&v); k++)
				assert_true(x[k] == lowpass_at(lead, n, 2 * k + view));
		}
}

static void a_constant_stays_constant_up_to_the_ends(void **state)
{
	(void)state;
	static float signal[LEADS * N], x[LEADS * N / 2];
	for (int i = 0; i < LEADS * N; i++)
		signal[i] = 2.5f;
	interleaved(x, signal, 0, true);
	for (int i = 0; i < LEADS * N / 2; i++)
		assert_true(fabsf(x[i] - 2.5f) < 1e-6f);
}

static void fixed_halves_are_the_first_and_the_last_segment(void **state)
{
	(void)state;
	static float signal[LEADS * N], x[LEADS * 400];
	struct views v = policy(VIEWS_HALVES);
	v.segment = 400;
	for (int i = 0; i < LEADS * N; i++)
		signal[i] = (float)i;
	views_fixed(&v, x, signal, 0);
	assert_true(x[0] == 0 && x[399] == 399 && x[400] == 1000);
	views_fixed(&v, x, signal, 1);
	assert_true(x[0] == 600 && x[399] == 999 && x[LEADS * 400 - 1] == LEADS * N - 1);
}

static void fixed_views_of_more_segments_cover_the_record(void **state)
{
	(void)state;
	struct views v = policy(VIEWS_HALVES);
	v.n = 3;
	v.segment = 300;
	assert_int_equal(views_n_fixed(&v), 4);
	for (int k = 0; k < 4; k++)
		assert_int_equal(views_fixed_start(&v, k), k * 700 / 3);
	v = policy(VIEWS_CROPS);
	assert_int_equal(views_n_fixed(&v), 2);
	assert_int_equal(views_fixed_start(&v, 1), 500);
	v.segment = N;
	assert_int_equal(views_n_fixed(&v), 1);
	assert_int_equal(views_fixed_start(&v, 0), 0);
	v = policy(VIEWS_SEQUENTIAL);
	v.n = 5;
	assert_int_equal(views_n_fixed(&v), 1);
}

static void a_number_of_views_that_does_not_fit_is_refused(void **state)
{
	(void)state;
	struct error e = {0};
	struct views v = policy(VIEWS_HALVES);
	v.n = 3;
	assert_int_equal(views_check(&v, &e), -1);
	assert_non_null(strstr(error_text(&e), "or views.n"));
	v.n = 2;
	assert_int_equal(views_check(&v, &e), 0);
	v.strategy = VIEWS_CROPS;
	v.n = VIEWS_MOST;
	assert_int_equal(views_check(&v, &e), 0);
	v.n++;
	assert_int_equal(views_check(&v, &e), -1);
	v = policy(VIEWS_INTERLEAVED);
	v.n = 3;
	e = (struct error){0};
	assert_int_equal(views_check(&v, &e), -1);
	assert_non_null(strstr(error_text(&e), "the even and the odd samples"));
}

static void a_standardized_view_has_mean_0_and_deviation_1(void **state)
{
	(void)state;
	float x[500];
	for (int i = 0; i < 500; i++)
		x[i] = 100 + 3 * (float)(i % 7);
	views_standardize(x, 500);
	double mean = 0, square = 0;
	for (int i = 0; i < 500; i++) {
		mean += x[i] / 500;
		square += (double)x[i] * x[i] / 500;
	}
	assert_true(fabs(mean) < 1e-6 && fabs(square - 1) < 1e-5);
}

static void a_flat_lead_standardizes_to_finite_numbers(void **state)
{
	(void)state;
	float x[100];
	for (int i = 0; i < 100; i++)
		x[i] = 7;
	views_standardize(x, 100);
	for (int i = 0; i < 100; i++)
		assert_true(x[i] == 0);
}

static void the_input_is_a_whole_number_of_tokens(void **state)
{
	(void)state;
	struct views v = policy(VIEWS_INTERLEAVED);
	v.samples = 1019;
	assert_int_equal(views_input_samples(&v), 500);
	v.strategy = VIEWS_SEQUENTIAL;
	assert_int_equal(views_input_samples(&v), 1010);
	assert_true(views_input_rate(&v) == 100);
	v.strategy = VIEWS_INTERLEAVED;
	assert_true(views_input_rate(&v) == 50);
}

static void two_segments_longer_than_the_record_are_refused(void **state)
{
	(void)state;
	struct views v = policy(VIEWS_HALVES);
	struct error e = {0};
	assert_int_equal(views_check(&v, &e), 0);
	v.segment = 510;
	assert_int_equal(views_check(&v, &e), -1);
	assert_non_null(strstr(error_text(&e), "segment_s"));
}

static void json_round_trip_keeps_the_strategy(void **state)
{
	(void)state;
	for (int s = VIEWS_HALVES; s <= VIEWS_CROPS; s++) {
		struct views v = policy((enum views_strategy)s), w;
		v.n = s == VIEWS_CROPS ? 5 : 0;
		struct error e = {0};
		json_t *json = views_json(&v);
		assert_int_equal(views_read(&w, json, &e), 0);
		assert_int_equal(w.strategy, v.strategy);
		assert_int_equal(views_n(&w), views_n(&v));
		assert_int_equal(views_input_samples(&w), views_input_samples(&v));
		assert_int_equal(w.is_antialiased, true);
		json_object_set_new(json, "strategy", json_string("thirds"));
		assert_int_equal(views_read(&w, json, &e), -1);
		json_decref(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_40_hz_tone_does_not_alias),
		cmocka_unit_test(without_the_filter_a_40_hz_tone_aliases),
		cmocka_unit_test(what_the_new_rate_can_carry_passes),
		cmocka_unit_test(interleaved_views_are_the_even_and_the_odd_samples),
		cmocka_unit_test(the_low_pass_gives_the_bits_of_the_plain_loop),
		cmocka_unit_test(a_constant_stays_constant_up_to_the_ends),
		cmocka_unit_test(fixed_halves_are_the_first_and_the_last_segment),
		cmocka_unit_test(fixed_views_of_more_segments_cover_the_record),
		cmocka_unit_test(a_number_of_views_that_does_not_fit_is_refused),
		cmocka_unit_test(a_standardized_view_has_mean_0_and_deviation_1),
		cmocka_unit_test(a_flat_lead_standardizes_to_finite_numbers),
		cmocka_unit_test(the_input_is_a_whole_number_of_tokens),
		cmocka_unit_test(two_segments_longer_than_the_record_are_refused),
		cmocka_unit_test(json_round_trip_keeps_the_strategy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
