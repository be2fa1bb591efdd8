#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "statistics/bootstrap.h"

enum { N = 40, PATIENTS = 20, RESAMPLES = 2000 };

static uint64_t patient[N]; /* two records each, far from each other, ids large and unordered */
static double x[N];

static void fill(void)
{
	for (int i = 0; i < N; i++) {
		patient[i] = 1000000007u * (uint64_t)(i % PATIENTS + 1) % 1009;
		x[i] = (i % PATIENTS) * .5 - 3;
	}
}

static bool mean(void *context, double *value, const uint32_t *count)
{
	int *n_split = context;
	double sum = 0, n = 0;
	for (int i = 0; i < N; i++) {
		sum += x[i] * count[i];
		n += count[i];
	}
	for (int i = 0; i < PATIENTS; i++)
		if (count[i] != count[i + PATIENTS])
			__atomic_fetch_add(n_split, 1, __ATOMIC_RELAXED);
	value[0] = sum / n;
	value[1] = n;
	return true;
}

static void patients_stay_whole_and_the_error_is_the_theoretical_one(void **state)
{
	(void)state;
	fill();
	static double values[RESAMPLES * 2];
	int n_split = 0;
	struct bootstrap b = {.seed = 4, .n_resamples = RESAMPLES, .n = N, .patient = patient};
	assert_int_equal(bootstrap_run(values, &b, 2, mean, &n_split), 0);
	assert_int_equal(n_split, 0);

	double centre = 0, square = 0;
	for (int i = 0; i < PATIENTS; i++)
		centre += x[i] / PATIENTS;
	for (int i = 0; i < PATIENTS; i++)
		square += (x[i] - centre) * (x[i] - centre) / PATIENTS;

	struct bootstrap_interval i = bootstrap_interval(values, 2, RESAMPLES);
	double theory = sqrt(square / PATIENTS);
	assert_true(fabs(i.error / theory - 1) < .06);
	assert_true(fabs((i.high - i.low) / (2 * 1.96 * theory) - 1) < .08 && i.low < centre &&
		    centre < i.high);
	assert_int_equal(i.n, RESAMPLES);
	for (int k = 0; k < RESAMPLES; k++)
		assert_true(values[2 * k + 1] == N);
}

static bool undefined_without_record_0(void *context, double *value, const uint32_t *count)
{
	(void)context;
	value[0] = count[0];
	return count[0] > 0;
}

static bool never(void *context, double *value, const uint32_t *count)
{
	(void)context;
	(void)value;
	(void)count;
	return false;
}

static void an_undefined_resample_is_drawn_again(void **state)
{
	(void)state;
	fill();
	double values[200];
	struct bootstrap b = {.seed = 4, .n_resamples = 200, .n = N, .patient = patient};
	assert_int_equal(bootstrap_run(values, &b, 1, undefined_without_record_0, NULL), 0);
	for (int k = 0; k < 200; k++)
		assert_true(values[k] >= 1);
	assert_int_equal(bootstrap_run(values, &b, 1, never, NULL), 200);
	assert_true(isnan(values[0]) && isnan(values[199]));
	b.n = 0;
	assert_int_equal(bootstrap_run(values, &b, 1, undefined_without_record_0, NULL), 200);
	assert_true(isnan(bootstrap_interval(values, 1, 200).error));
}

static void equal_seeds_give_equal_resamples(void **state)
{
	(void)state;
	fill();
	double a[20], b[20], c[20];
	struct bootstrap run = {.seed = 9, .n_resamples = 10, .n = N, .patient = patient};
	int n = 0;
	bootstrap_run(a, &run, 2, mean, &n);
	bootstrap_run(b, &run, 2, mean, &n);
	run.seed = 10;
	bootstrap_run(c, &run, 2, mean, &n);
	assert_memory_equal(a, b, sizeof a);
	assert_true(memcmp(a, c, sizeof a) != 0);
}

static void quantiles_are_linear_between_order_statistics(void **state)
{
	(void)state;
	double values[] = {5, NAN, 1, 2, 3, 4};
	struct bootstrap_interval i = bootstrap_interval(values, 1, 6);
	assert_int_equal(i.n, 5);
	assert_true(fabs(i.low - 1.1) < 1e-12 && fabs(i.high - 4.9) < 1e-12 &&
		    fabs(i.error - sqrt(2.5)) < 1e-12);
	assert_true(isnan(bootstrap_interval(values, 1, 1).low));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patients_stay_whole_and_the_error_is_the_theoretical_one),
		cmocka_unit_test(an_undefined_resample_is_drawn_again),
		cmocka_unit_test(equal_seeds_give_equal_resamples),
		cmocka_unit_test(quantiles_are_linear_between_order_statistics),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
