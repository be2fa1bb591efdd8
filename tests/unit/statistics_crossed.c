/* The mean over two crossed ways, and its error. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "numbers/philox.h"
#include "statistics/crossed.h"

static void known_errors(void **state)
{
	(void)state;
	/* Mean squares of rows 4, of columns 1, of the rest 0. */
	static const double both[] = {1, 2, 3, 4};
	struct crossed c = crossed_mean(both, 2, 2);
	assert_float_equal(c.mean, 2.5, 1e-12);
	assert_float_equal(c.error, sqrt(5. / 4), 1e-12);

	/* Rest alone: mean squares of rows and columns are 0. */
	static const double rest[] = {1, -1, -1, 1};
	assert_float_equal(crossed_mean(rest, 2, 2).error, sqrt(4. / 4), 1e-12);

	/* One row: the usual standard error of the mean, and t of 2 degrees of freedom. */
	static const double row[] = {1, 2, 6};
	c = crossed_mean(row, 1, 3);
	assert_float_equal(c.error, sqrt(7. / 3), 1e-12);
	assert_float_equal(c.high - c.mean, 4.3027 * c.error, 1e-3);
	c = crossed_mean(row, 3, 1);
	assert_float_equal(c.error, sqrt(7. / 3), 1e-12);
	assert_true(isnan(crossed_mean(row, 1, 1).error));
}

/* Mean squares: rows 2.25, columns 1, rest 0.25, so 3 = 2.25 + 1 - .25; degrees of freedom 9 / (2.25^2 +
 * 1 + .25^2) = 1.4693878, whose quantile scipy.stats.t.ppf gives. */
static void degrees_of_freedom_are_no_whole_numbers(void **state)
{
	(void)state;
	static const double x[] = {0, .5, 1, 2.5};
	struct crossed c = crossed_mean(x, 2, 2);
	assert_float_equal(c.error, sqrt(3. / 4), 1e-12);
	assert_float_equal(c.high - c.mean, 6.1953873 * c.error, 1e-6);
}

static void an_interval_ends_where_values_do(void **state)
{
	(void)state;
	static const double x[] = {.9, .98};
	struct crossed c = crossed_mean(x, 1, 2), cut = crossed_within(c, 0, 1);
	assert_true(c.low > 0 && c.high > 1);
	assert_true(cut.low == c.low && cut.high == 1);
	assert_true(cut.mean == c.mean && cut.error == c.error);
	assert_true(crossed_within(c, .9, 2).low == .9);
	assert_true(isnan(crossed_within(crossed_mean(x, 1, 1), 0, 1).high));
}

static void gaps_leave_whole_rows_or_columns(void **state)
{
	(void)state;
	static const double x[] = {1, 2, 3, 4, 5, NAN};
	struct crossed c = crossed_mean(x, 2, 3);
	assert_int_equal(c.n_rows, 2);
	assert_int_equal(c.n_columns, 2);
	assert_float_equal(c.mean, 3, 1e-12);

	static const double y[] = {1, 2, 3, NAN, NAN, NAN};
	c = crossed_mean(y, 2, 3);
	assert_int_equal(c.n_rows, 1);
	assert_int_equal(c.n_columns, 3);
	assert_float_equal(c.mean, 2, 1e-12);

	static const double none[] = {NAN, 2, 3, NAN};
	c = crossed_mean(none, 2, 2);
	assert_int_equal(c.n_rows, 0);
	assert_true(isnan(c.mean));
}

/* 3 seeds, 9 rotations: 95 % intervals hold the truth that often. */
static void intervals_hold_the_truth(void **state)
{
	(void)state;
	static const double parts[][3] = {{1, 2, 1}, {0, 2, 1}, {1, 0, 1}, {0, 0, 1}, {2, 1, .2}};
	for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
		int n_held = 0;
		for (int draw = 0; draw < 2000; draw++) {
			struct philox r = philox_open(7, PURPOSE_BOOTSTRAP, (uint64_t)draw, (uint32_t)k);
			double row[3], column[9], x[27];
			for (int i = 0; i < 3; i++)
				row[i] = parts[k][0] * philox_normal(&r);
			for (int j = 0; j < 9; j++)
				column[j] = parts[k][1] * philox_normal(&r);
			for (int i = 0; i < 27; i++)
				x[i] = row[i / 9] + column[i % 9] + parts[k][2] * philox_normal(&r);
			struct crossed c = crossed_mean(x, 3, 9);
			n_held += c.low <= 0 && c.high >= 0;
		}
		assert_in_range(n_held, 1840, 2000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_errors),
		cmocka_unit_test(degrees_of_freedom_are_no_whole_numbers),
		cmocka_unit_test(an_interval_ends_where_values_do),
		cmocka_unit_test(gaps_leave_whole_rows_or_columns),
		cmocka_unit_test(intervals_hold_the_truth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
