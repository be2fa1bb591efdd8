/* The zero-phase band-pass: equal to SciPy's sosfiltfilt, no delay, corners where they should be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <math.h>

#include "ecg/filter.h"

#define T    1000
#define STEP 37

static double (*new_signal(size_t t))[LEADS]
{
	return calloc(t, sizeof(double[LEADS]));
}

static double test_value(long t, long lead)
{
	return (double)((t * 7919 + lead * 104729 + t * t * 31) % 2003) / 1000 - 1 + .002 * (double)t;
}

static void filter_equals_scipy(void **state)
{
	(void)state;
	FILE *f = fopen("tests/golden/preprocess.txt", "r");
	assert_non_null(f);
	double rate, high, low, worst = 0;
	int order, n_cases = 0;
	char name[32];

	while (fscanf(f, "%31s", name) == 1) {
		if (strcmp(name, "filter")) {
			int c;
			while ((c = fgetc(f)) != '\n' && c != EOF)
				;
			continue;
		}
		assert_int_equal(fscanf(f, "%lf %d %lf %lf", &rate, &order, &high, &low), 4);
		struct filter filter;
		assert_int_equal(filter_band(&filter, rate, high, low, order, NULL), 0);
		double(*x)[LEADS] = new_signal(T), (*scratch)[LEADS] = new_signal(3 * T);
		for (int t = 0; t < T; t++)
			for (int l = 0; l < LEADS; l++)
				x[t][l] = test_value(t, l);
		filter_run(&filter, x, scratch, T);
		for (int t = 0; t < T; t += STEP) {
			double expected;
			assert_int_equal(fscanf(f, "%lf", &expected), 1);
			worst = fmax(worst, fabs(x[t][0] - expected));
		}
		free(x);
		free(scratch);
		n_cases++;
	}

	fclose(f);
	print_message("# %d filters, largest difference %.1e\n", n_cases, worst);
	assert_int_equal(n_cases, 6);
	assert_true(worst < 1e-9);
}

/* Gain of a tone of f_hz far from the edges, by projection on cosine (out[0]) and sine (out[1]). */
static void respond(double out[2], double f_hz, double rate_hz, double high, double low)
{
	const int n = (int)(20 * rate_hz), from = n / 4, to = n - n / 4;
	struct filter filter;
	assert_int_equal(filter_band(&filter, rate_hz, high, low, 4, NULL), 0);
	double(*x)[LEADS] = new_signal((size_t)n), (*scratch)[LEADS] = new_signal(3 * (size_t)n);
	for (int t = 0; t < n; t++)
		x[t][5] = cos(2 * M_PI * f_hz * t / rate_hz);
	filter_run(&filter, x, scratch, n);
	out[0] = out[1] = 0;
	for (int t = from; t < to; t++) {
		out[0] += x[t][5] * cos(2 * M_PI * f_hz * t / rate_hz) * 2 / (to - from);
		out[1] += x[t][5] * sin(2 * M_PI * f_hz * t / rate_hz) * 2 / (to - from);
	}
	free(x);
	free(scratch);
}

static void corners_are_at_half_amplitude_and_nothing_is_delayed(void **state)
{
	(void)state;
	static const struct {
		double hz, gain, tolerance;
	} expected[] = {{.1, 0, .001}, {.5, .5, .002}, {1, 1, .006},
			{10, 1, 1e-4}, {40, .5, .002}, {100, 0, .002}};
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		double r[2];
		respond(r, expected[i].hz, 500, .5, 40);
		assert_true(fabs(r[0] - expected[i].gain) <= expected[i].tolerance);
		assert_true(fabs(r[1]) < .002);
	}
}

static void constant_is_removed_by_high_pass_and_kept_by_low_pass(void **state)
{
	(void)state;
	for (int is_high = 0; is_high < 2; is_high++) {
		struct filter filter;
		assert_int_equal(filter_band(&filter, 100, is_high ? .5 : 0, is_high ? 0 : 40, 4, NULL), 0);
		double(*x)[LEADS] = new_signal(100), (*scratch)[LEADS] = new_signal(600);
		for (int t = 0; t < 100; t++)
			x[t][3] = 7;
		filter_run(&filter, x, scratch, 100);
		for (int t = 0; t < 100; t++)
			assert_true(fabs(x[t][3] - (is_high ? 0 : 7)) < 1e-9);
		free(x);
		free(scratch);
	}
}

static void short_signal_is_filtered_without_reading_beyond_it(void **state)
{
	(void)state;
	struct filter filter;
	assert_int_equal(filter_band(&filter, 100, .5, 40, 4, NULL), 0);
	for (int n = 1; n < 5; n++) {
		double(*x)[LEADS] = new_signal((size_t)n), (*scratch)[LEADS] = new_signal(3 * (size_t)n);
		for (int t = 0; t < n; t++)
			x[t][0] = t;
		filter_run(&filter, x, scratch, n);
		for (int t = 0; t < n; t++)
			assert_true(isfinite(x[t][0]));
		free(x);
		free(scratch);
	}
}

static void filter_test_signal(double (*x)[LEADS], const char *isa)
{
	struct filter filter;
	double(*scratch)[LEADS] = new_signal(3 * T);
	setenv("EINTHOVEN_ISA", isa, 1);
	assert_int_equal(filter_band(&filter, 100, .5, 40, 4, NULL), 0);
	for (int t = 0; t < T; t++)
		for (int l = 0; l < LEADS; l++)
			x[t][l] = test_value(t, l);
	filter_run(&filter, x, scratch, T);
	unsetenv("EINTHOVEN_ISA");
	free(scratch);
}

static void bits_are_the_same_with_and_without_avx2(void **state)
{
	(void)state;
	double(*x)[LEADS] = new_signal(T), (*y)[LEADS] = new_signal(T);
	filter_test_signal(x, "scalar");
	filter_test_signal(y, "avx2");
	assert_memory_equal(x, y, T * sizeof *x);
	free(x);
	free(y);
}

static void impossible_corners_are_refused(void **state)
{
	(void)state;
	static const struct {
		double high, low;
		int order;
		const char *text;
	} wrong[] = {{.5, 50, 4, "low_pass_hz 50:"},  {50, 0, 4, "high_pass_hz 50:"},
		     {-1, 40, 4, "high_pass_hz -1:"}, {10, 5, 4, "above 10 Hz"},
		     {.5, 40, 3, "filter order 3"},   {.5, 40, 10, "filter order 10"}};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct filter filter;
		struct error e = {0};
		assert_int_equal(filter_band(&filter, 100, wrong[i].high, wrong[i].low, wrong[i].order, &e),
				 -1);
		assert_non_null(strstr(error_text(&e), wrong[i].text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filter_equals_scipy),
		cmocka_unit_test(corners_are_at_half_amplitude_and_nothing_is_delayed),
		cmocka_unit_test(constant_is_removed_by_high_pass_and_kept_by_low_pass),
		cmocka_unit_test(short_signal_is_filtered_without_reading_beyond_it),
		cmocka_unit_test(bits_are_the_same_with_and_without_avx2),
		cmocka_unit_test(impossible_corners_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
