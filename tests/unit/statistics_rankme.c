#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "numbers/philox.h"
#include "statistics/rankme.h"

static void equal_singular_values_count_fully(void **state)
{
	(void)state;
	float z[20 * 6] = {0};
	for (int i = 0; i < 6; i++)
		z[(3 * i) * 6 + i] = i % 2 ? 5 : -5;
	assert_true(fabs(rankme(z, 20, 6) - 6) < 1e-4);
}

static void a_single_direction_has_rank_one(void **state)
{
	(void)state;
	float z[30 * 8];
	for (int i = 0; i < 30; i++)
		for (int j = 0; j < 8; j++)
			z[i * 8 + j] = (float)(i + 1) * (float)(j - 3);
	double r = rankme(z, 30, 8);
	assert_true(r > 0.9999 && r < 1.001);
}

/* Singular values 1, 2, 3, 4 on rows: -sum p log p with p = .1, .2, .3, .4 is 1.2798542. */
static void entropy_follows_the_formula(void **state)
{
	(void)state;
	float z[4 * 9] = {0};
	for (int i = 0; i < 4; i++)
		z[i * 9 + 2 * i] = (float)(i + 1);
	assert_true(fabs(rankme(z, 4, 9) - exp(1.2798542258336676)) < 1e-4);
}

static void transposing_changes_nothing(void **state)
{
	(void)state;
	float z[40 * 17], y[17 * 40];
	struct philox r = philox_open(3, PURPOSE_NOISE, 0, 0);
	for (int i = 0; i < 40; i++)
		for (int j = 0; j < 17; j++)
			z[i * 17 + j] = y[j * 40 + i] = (float)philox_normal(&r);
	double a = rankme(z, 40, 17);
	assert_true(fabs(a - rankme(y, 17, 40)) < 1e-9);
	assert_true(a > 14 && a < 17);
}

static void zeros_give_zero_and_nan_gives_nan(void **state)
{
	(void)state;
	float z[12] = {0};
	assert_true(rankme(z, 4, 3) == 0);
	z[5] = NAN;
	assert_true(isnan(rankme(z, 4, 3)));
	z[5] = INFINITY;
	assert_true(isnan(rankme(z, 4, 3)));
}

static void one_row_or_one_column_is_rank_one(void **state)
{
	(void)state;
	const float z[5] = {1, 2, -3, 4, 5};
	assert_true(fabs(rankme(z, 1, 5) - 1) < 1e-6);
	assert_true(fabs(rankme(z, 5, 1) - 1) < 1e-6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_singular_values_count_fully),
		cmocka_unit_test(a_single_direction_has_rank_one),
		cmocka_unit_test(entropy_follows_the_formula),
		cmocka_unit_test(transposing_changes_nothing),
		cmocka_unit_test(zeros_give_zero_and_nan_gives_nan),
		cmocka_unit_test(one_row_or_one_column_is_rank_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
