/* Fits of how a score grows. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "numbers/philox.h"
#include "statistics/powerlaw.h"

enum { POINTS = 5, SEEDS = 3, FOLDS_TESTED = 9 };
static const double n[POINTS] = {40, 80, 160, 320, 640};

static void an_exact_law_is_found(void **state)
{
	(void)state;
	static const double exponents[] = {.1, .4, 1, 2.5};
	for (int k = 0; k < 4; k++) {
		struct powerlaw p, truth = {.95, pow(40, exponents[k]) * .2, exponents[k], true};
		double y[POINTS];
		for (int i = 0; i < POINTS; i++)
			y[i] = powerlaw_value(&truth, n[i]);
		assert_int_equal(powerlaw_fit(&p, n, y, POINTS), 0);
		assert_float_equal(p.exponent, exponents[k], 1e-4);
		assert_float_equal(p.limit, .95, 1e-4);
		assert_float_equal(p.scale, truth.scale, 1e-2 * truth.scale);
		assert_true(p.is_bounded);
	}
}

static void what_has_no_exponent_says_so(void **state)
{
	(void)state;
	struct powerlaw p;
	static const double flat[POINTS] = {.9, .9, .9, .9, .9}, falling[POINTS] = {.9, .85, .82, .81, .805},
			    straight[POINTS] = {.5, .6, .7, .8, .9};
	assert_int_equal(powerlaw_fit(&p, n, flat, POINTS), -1);
	assert_int_equal(powerlaw_fit(&p, n, straight, 3), -1);
	assert_int_equal(powerlaw_fit(&p, n, falling, POINTS), 0);
	assert_false(p.is_bounded);
	assert_int_equal(powerlaw_fit(&p, n, straight, POINTS), 0); /* in log n: no limit in sight */
	assert_false(p.is_bounded);
}

static void draw(double *y, double exponent, double noise, uint32_t index)
{
	struct philox r = philox_open(5, PURPOSE_BOOTSTRAP, 0, index);
	struct powerlaw truth = {.95, pow(40, exponent) * .2, exponent, true};
	double column[FOLDS_TESTED];
	for (int j = 0; j < FOLDS_TESTED; j++)
		column[j] = .01 * philox_normal(&r);
	for (int i = 0; i < POINTS * SEEDS * FOLDS_TESTED; i++)
		y[i] = powerlaw_value(&truth, n[i / (SEEDS * FOLDS_TESTED)]) + column[i % FOLDS_TESTED] +
		       noise * philox_normal(&r);
}

static void intervals_hold_the_truth(void **state)
{
	(void)state;
	double y[POINTS * SEEDS * FOLDS_TESTED];
	int n_held = 0;
	for (uint32_t k = 0; k < 40; k++) {
		draw(y, .7, .005, k);
		struct powerlaw_interval b = powerlaw_bootstrap(n, y, POINTS, SEEDS, FOLDS_TESTED, 200, 1);
		n_held += b.low <= .7 && b.high >= .7;
		assert_true(b.share > .9);
	}
	assert_in_range(n_held, 33, 40);

	draw(y, 0, .01, 99); /* .75 at all n: nothing grows */
	struct powerlaw_interval b = powerlaw_bootstrap(n, y, POINTS, SEEDS, FOLDS_TESTED, 200, 1);
	assert_true(b.share < .95);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exact_law_is_found),
		cmocka_unit_test(what_has_no_exponent_says_so),
		cmocka_unit_test(intervals_hold_the_truth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
