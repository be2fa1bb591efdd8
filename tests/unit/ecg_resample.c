/* Change of rate: equal to SciPy's FIR, flat to 0.8 of the band, nothing folds back, no delay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <math.h>

#include "ecg/resample.h"

#define STEP 37

static double (*new_signal(size_t t))[LEADS]
{
	return calloc(t, sizeof(double[LEADS]));
}

/* Resample x [t] (freed) into a new array of *n samples. */
static double (*resampled(double (*x)[LEADS], int t, long from_hz, long to_hz, int *n))[LEADS]
{
	struct error e = {0};
	struct resample *r = resample_open(from_hz, to_hz, &e);
	assert_non_null(r);
	*n = resample_length(r, t);
	double(*y)[LEADS] = new_signal((size_t)*n);
	double(*scratch)[LEADS] = new_signal((size_t)(t + 2 * resample_pad(r)));
	resample_run(r, y, (const double(*)[LEADS])x, scratch, t);
	free(x);
	free(scratch);
	resample_close(r);
	return y;
}

static void resampling_equals_scipy(void **state)
{
	(void)state;
	FILE *f = fopen("tests/golden/preprocess.txt", "r");
	assert_non_null(f);
	char name[32];
	int n_cases = 0;
	double worst = 0;

	while (fscanf(f, "%31s", name) == 1) {
		long from, to;
		if (strcmp(name, "resample")) {
			int c;
			while ((c = fgetc(f)) != '\n' && c != EOF)
				;
			continue;
		}
		assert_int_equal(fscanf(f, "%ld %ld", &from, &to), 2);
		int n;
		double(*x)[LEADS] = new_signal(1000);
		for (long t = 0; t < 1000; t++)
			x[t][0] = (double)((t * 7919 + t * t * 31) % 2003) / 1000 - 1 + .002 * (double)t;
		double(*y)[LEADS] = resampled(x, 1000, from, to, &n);
		for (int t = 0; t < n; t += STEP) {
			double expected;
			assert_int_equal(fscanf(f, "%lf", &expected), 1);
			worst = fmax(worst, fabs(y[t][0] - expected));
		}
		free(y);
		n_cases++;
	}

	fclose(f);
	print_message("# %d ratios, largest difference %.1e\n", n_cases, worst);
	assert_int_equal(n_cases, 5);
	assert_true(worst < 1e-10);
}

struct tone {
	double in_phase, quadrature; /* of the tone in the output */
	double rest;		     /* largest other value */
};

/* A tone of f_hz sent through, looked at far from the edges. */
static struct tone send(double f_hz, long from_hz, long to_hz)
{
	int t = (int)(10 * from_hz), n;
	double(*x)[LEADS] = new_signal((size_t)t);
	for (int i = 0; i < t; i++)
		for (int l = 0; l < LEADS; l++)
			x[i][l] = cos(2 * M_PI * f_hz * i / (double)from_hz);
	double(*y)[LEADS] = resampled(x, t, from_hz, to_hz, &n);
	assert_int_equal(n, 10 * to_hz);

	struct tone tone = {0};
	int from = n / 5, to = n - n / 5;
	for (int i = from; i < to; i++) {
		tone.in_phase += y[i][7] * cos(2 * M_PI * f_hz * i / (double)to_hz) * 2 / (to - from);
		tone.quadrature += y[i][7] * sin(2 * M_PI * f_hz * i / (double)to_hz) * 2 / (to - from);
	}

	for (int i = from; i < to; i++)
		tone.rest = fmax(tone.rest,
				 fabs(y[i][7] - tone.in_phase * cos(2 * M_PI * f_hz * i / (double)to_hz)));
	free(y);

	return tone;
}

static const long ratios[][2] = {{500, 100}, {360, 100}, {250, 100}, {257, 100}, {1000, 100}, {128, 100}};

static void forty_hertz_pass_unchanged_and_undelayed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ratios / sizeof *ratios; i++)
		for (int f_hz = 5; f_hz <= 40; f_hz += 5) {
			struct tone t = send(f_hz, ratios[i][0], ratios[i][1]);
			assert_true(fabs(20 * log10(t.in_phase)) < .001);
			assert_true(fabs(t.quadrature) < 1e-4);
			assert_true(t.rest < 1e-4);
		}
}

static void nothing_above_fifty_hertz_is_left(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ratios / sizeof *ratios; i++)
		for (double f_hz = 50.5; f_hz < (double)ratios[i][0] / 2; f_hz += 13.1) {
			int t = (int)(10 * ratios[i][0]), n;
			double(*x)[LEADS] = new_signal((size_t)t), worst = 0;
			for (int k = 0; k < t; k++)
				x[k][2] = cos(2 * M_PI * f_hz * k / (double)ratios[i][0]);
			double(*y)[LEADS] = resampled(x, t, ratios[i][0], ratios[i][1], &n);
			for (int k = n / 5; k < n - n / 5; k++)
				worst = fmax(worst, fabs(y[k][2]));
			free(y);
			assert_true(worst < 1e-4); /* -80 dB */
		}
}

static void raising_the_rate_makes_no_images(void **state)
{
	(void)state;
	for (int f_hz = 5; f_hz <= 40; f_hz += 5) {
		struct tone t = send(f_hz, 100, 500);
		assert_true(fabs(20 * log10(t.in_phase)) < .001);
		assert_true(t.rest < 1e-4);
	}
}

static void equal_rates_copy(void **state)
{
	(void)state;
	int n;
	double(*x)[LEADS] = new_signal(50);
	for (int t = 0; t < 50; t++)
		x[t][11] = t * .1;
	double(*y)[LEADS] = resampled(x, 50, 100, 100, &n);
	assert_int_equal(n, 50);
	for (int t = 0; t < 50; t++)
		assert_true(y[t][11] == t * .1);
	free(y);
}

static void straight_line_is_kept_up_to_the_edges(void **state)
{
	(void)state;
	int n;
	double(*x)[LEADS] = new_signal(5000);
	for (int t = 0; t < 5000; t++)
		x[t][4] = 3 + .01 * t;
	double(*y)[LEADS] = resampled(x, 5000, 500, 100, &n);
	for (int t = 0; t < n; t++)
		assert_true(fabs(y[t][4] - (3 + .05 * t)) < 1e-4);
	free(y);
}

static void bits_are_the_same_with_and_without_avx2(void **state)
{
	(void)state;
	int n;
	for (int rate_hz = 360; rate_hz <= 500; rate_hz += 140) {
		double(*x)[LEADS] = new_signal(2000), (*again)[LEADS] = new_signal(2000);
		for (int t = 0; t < 2000; t++)
			for (int l = 0; l < LEADS; l++)
				again[t][l] = x[t][l] = sin(t * .01 * (l + 1)) + .001 * (t % 17);
		setenv("EINTHOVEN_ISA", "scalar", 1);
		double(*plain)[LEADS] = resampled(x, 2000, rate_hz, 100, &n);
		setenv("EINTHOVEN_ISA", "avx2", 1);
		double(*fast)[LEADS] = resampled(again, 2000, rate_hz, 100, &n);
		unsetenv("EINTHOVEN_ISA");
		assert_memory_equal(plain, fast, (size_t)n * sizeof *plain);
		free(plain);
		free(fast);
	}
}

static void impossible_rates_are_refused(void **state)
{
	(void)state;
	static const long wrong[][2] = {{0, 100}, {-5, 100}, {100, 0}, {200000, 100}, {99991, 99989}};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct error e = {0};
		assert_null(resample_open(wrong[i][0], wrong[i][1], &e));
		assert_non_null(strstr(error_text(&e), "cannot resample from"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resampling_equals_scipy),
		cmocka_unit_test(forty_hertz_pass_unchanged_and_undelayed),
		cmocka_unit_test(nothing_above_fifty_hertz_is_left),
		cmocka_unit_test(raising_the_rate_makes_no_images),
		cmocka_unit_test(equal_rates_copy),
		cmocka_unit_test(straight_line_is_kept_up_to_the_edges),
		cmocka_unit_test(bits_are_the_same_with_and_without_avx2),
		cmocka_unit_test(impossible_rates_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
