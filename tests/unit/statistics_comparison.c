/* What several rows of a comparison come to: the mean, with resamples of rows and patients together. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "numbers/philox.h"
#include "statistics/comparison.h"
#include "statistics/student.h"

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

/* scipy.stats.t.ppf(.975, df). */
static void quantiles_of_t_are_those_of_scipy(void **state)
{
	static const struct {
		double df, t;
	} known[] = {{1, 12.7062047},	{1.0625, 11.0691925}, {1.5, 6.0166631},	 {1.9, 4.5271181},
		     {2, 4.3026527},	{2.5, 3.5746548},     {3.3, 3.0248745},	 {5.75, 2.4729333},
		     {7, 2.3646243},	{10.5, 2.2138403},    {19.5, 2.0893976}, {19.999, 2.0859701},
		     {20.5, 2.0827067}, {21, 2.0796138},      {33.3, 2.0338192}, {90, 1.9866745},
		     {1e6, 1.9599664}};
	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		assert_true(fabs(student_t975(known[i].df) - known[i].t) <
			    (known[i].df < 20 && known[i].df != floor(known[i].df) ? 1e-6 : 1e-4));
}

/* Three rows without any patients' error: the t interval of their mean by hand, (0, 2, 4) / 10: 0.2, s = 0.2,
 * t 0.2 / sqrt 3. Below 0 no metric goes, but a difference does. */
static void without_patients_the_interval_is_students(void **state)
{
	enum { THREE = 3, DRAWS = 30000 };
	struct metrics metrics[THREE + 1] = {{0}};
	struct comparison c = {.n_rows = THREE + 1, .metrics = metrics, .values = values};
	c.bootstrap = (struct bootstrap){.seed = 5, .n_resamples = DRAWS};
	for (int i = 0; i < THREE; i++)
		metrics[i].macro_auroc = .2 * i;
	for (int k = 0; k < DRAWS; k++)
		for (int i = 0; i <= THREE; i++)
			values[(k * (THREE + 1) + i) * COMPARISON_METRICS + COMPARISON_MACRO_AUROC] =
				metrics[i].macro_auroc;

	(void)state;
	const int row[THREE] = {0, 1, 2}, zero = 3;
	struct comparison_rows rows = {THREE, row}, none = {1, &zero};
	struct comparison_value v = comparison_of_mean(&c, rows, COMPARISON_MACRO_AUROC);
	double half = 4.30265 * .2 / sqrt(3);
	assert_true(fabs(v.value - .2) < 1e-12 && v.interval.low == 0);
	assert_true(fabs(v.interval.high - (.2 + half)) < .003);
	v = comparison_difference_of_means(&c, rows, none, COMPARISON_MACRO_AUROC);
	assert_true(fabs(v.interval.low - (.2 - half)) < .003 && fabs(v.stretch - 4.30265 / 1.96) < .02);
}

/* What an interval is for: of many studies with rows and patients of their own, 95 % hold the truth. */
static double coverage(int n_rows, double of_patients)
{
	enum { STUDIES = 1500, DRAWS = 200, MOST = 5 };
	struct philox p = philox_open(77, PURPOSE_NOISE, (uint64_t)n_rows, 0);
	int n_held = 0;

	for (int study = 0; study < STUDIES; study++) {
		struct metrics metrics[MOST] = {{0}};
		struct comparison c = {.n_rows = n_rows, .metrics = metrics, .values = values};
		c.bootstrap = (struct bootstrap){.seed = (uint64_t)study, .n_resamples = DRAWS};
		double patients = of_patients * philox_normal(&p);
		for (int i = 0; i < n_rows; i++)
			metrics[i].macro_auroc = patients + .05 * philox_normal(&p);
		for (int k = 0; k < DRAWS; k++) {
			double drawn = of_patients * philox_normal(&p);
			for (int i = 0; i < n_rows; i++)
				values[(k * n_rows + i) * COMPARISON_METRICS + COMPARISON_MACRO_AUROC] =
					metrics[i].macro_auroc + drawn;
		}
		static const int row[MOST] = {0, 1, 2, 3, 4};
		struct comparison_value v =
			comparison_of_mean(&c, (struct comparison_rows){n_rows, row}, COMPARISON_MACRO_AUROC);
		n_held += v.interval.low <= 0 && 0 <= v.interval.high;
	}
	return (double)n_held / STUDIES;
}

static void intervals_of_few_rows_hold_the_truth(void **state)
{
	(void)state;
	for (int n = 2; n <= 5; n++) {
		double small = coverage(n, .01), large = coverage(n, .1);
		if (getenv("SHOW"))
			printf("%d rows: %.3f where patients hardly matter, %.3f where they do\n", n, small,
			       large);
		assert_true(small > .93 && small < .99);
		assert_true(large > .93 && large < .99);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_error_of_a_mean_is_that_of_rows_and_patients),
		cmocka_unit_test(one_row_is_itself),
		cmocka_unit_test(differences_of_means_are_paired_by_place),
		cmocka_unit_test(quantiles_of_t_are_those_of_scipy),
		cmocka_unit_test(without_patients_the_interval_is_students),
		cmocka_unit_test(intervals_of_few_rows_hold_the_truth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
