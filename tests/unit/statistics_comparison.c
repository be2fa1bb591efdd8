/* What several rows of a comparison come to: the mean, with resamples of rows and patients together. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "numbers/philox.h"
#include "statistics/comparison.h"

enum { ROWS = 4, RESAMPLES = 20000, ALL = 2 * ROWS };
static const double effect[ROWS] = {.70, .74, .81, .75};

/* Rows whose metric in each resample is their own effect and what the patients drawn add to all; the rows
 * from ROWS on are the same, .1 lower. */
static struct comparison made(struct metrics metrics[ALL], double *values)
{
	struct comparison c = {.n_rows = ALL, .metrics = metrics, .values = values};
	c.bootstrap = (struct bootstrap){.seed = 3, .n_resamples = RESAMPLES};
	struct philox p = philox_open(9, PURPOSE_NOISE, 0, 0);

	for (int i = 0; i < ALL; i++)
		metrics[i].macro_auroc = effect[i % ROWS] - (i < ROWS ? 0 : .1);
	for (int k = 0; k < RESAMPLES; k++) {
		double patients = .1 * (philox_uniform(&p) - .5);
		for (int i = 0; i < ALL; i++)
			values[(k * ALL + i) * COMPARISON_METRICS + COMPARISON_MACRO_AUROC] =
				metrics[i].macro_auroc + patients;
	}
	return c;
}

static const int first[ROWS] = {0, 1, 2, 3}, second[ROWS] = {4, 5, 6, 7};
static double values[RESAMPLES * ALL * COMPARISON_METRICS];

static double squared_deviation(int n)
{
	double mean = 0, sum = 0;
	for (int i = 0; i < n; i++)
		mean += effect[i] / n;
	for (int i = 0; i < n; i++)
		sum += (effect[i] - mean) * (effect[i] - mean);
	return sum / (n - 1);
}

static void the_error_of_a_mean_is_that_of_rows_and_patients(void **state)
{
	struct metrics metrics[ALL] = {{0}};
	struct comparison c = made(metrics, values);

	(void)state;
	for (int n = 2; n <= ROWS; n++) {
		double mean = 0;
		for (int i = 0; i < n; i++)
			mean += effect[i] / n;
		struct comparison_value v =
			comparison_of_mean(&c, (struct comparison_rows){n, first}, COMPARISON_MACRO_AUROC);
		double error = sqrt(.01 / 12 + squared_deviation(n) / n);
		assert_true(fabs(v.value - mean) < 1e-12);
		assert_true(fabs(v.interval.error / error - 1) < .03);
		assert_true(v.interval.low < mean && mean < v.interval.high);
	}
}

static void one_row_is_itself(void **state)
{
	struct metrics metrics[ALL] = {{0}};
	struct comparison c = made(metrics, values);
	struct comparison_rows rows = {1, first + 2};
	struct comparison_value v = comparison_of_mean(&c, rows, COMPARISON_MACRO_AUROC),
				own = comparison_of(&c, 2, COMPARISON_MACRO_AUROC);

	(void)state;
	assert_true(v.value == own.value && v.interval.error == own.interval.error);
	assert_true(v.interval.low == own.interval.low && v.interval.high == own.interval.high);
	assert_true(fabs(own.interval.error / sqrt(.01 / 12) - 1) < .03);
}

static void differences_of_means_are_paired_by_place(void **state)
{
	struct metrics metrics[ALL] = {{0}};
	struct comparison c = made(metrics, values);
	struct comparison_rows rows = {ROWS, first}, lower = {ROWS, second};
	struct comparison_value v = comparison_difference_of_means(&c, rows, lower, COMPARISON_MACRO_AUROC);

	(void)state;
	assert_true(fabs(v.value - .1) < 1e-12 && v.interval.error < 1e-12);
	assert_true(fabs(v.interval.low - .1) < 1e-12 && fabs(v.interval.high - .1) < 1e-12);

	/* Beside one row alone nothing cancels but the patients. */
	v = comparison_difference_of_means(&c, rows, (struct comparison_rows){1, second},
					   COMPARISON_MACRO_AUROC);
	assert_true(fabs(v.interval.error / sqrt(squared_deviation(ROWS) / ROWS) - 1) < .03);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_error_of_a_mean_is_that_of_rows_and_patients),
		cmocka_unit_test(one_row_is_itself),
		cmocka_unit_test(differences_of_means_are_paired_by_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
