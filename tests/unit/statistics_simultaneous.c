/* Step-down max-T: cases worked out by hand, and how often chance passes when nothing is there. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "numbers/philox.h"
#include "statistics/simultaneous.h"

/* Four resamples of two differences, centred already; both have the standard error sqrt(20 / 3) = 2.58. In
 * these: (-.39 1.16) (1.16 -.39) (.39 .39) (-1.16 -1.16). */
static const double drawn[] = {-1, 3, 3, -1, 1, 1, -3, -3};

static void greatest_of_each_resample_decides(void **state)
{
	double p[2];
	(void)state;
	/* The larger is held against the greater of both (1.16 1.16 .39 1.16), the smaller against its own
	 * (1.16 .39 .39 1.16). */
	simultaneous_p(p, (const double[]){2, 1}, drawn, 2, 4);
	assert_true(fabs(p[0] - 1.0 / 5) < 1e-12 && fabs(p[1] - 3.0 / 5) < 1e-12);
	simultaneous_p(p, (const double[]){1, 1.1}, drawn, 2, 4);
	assert_true(fabs(p[1] - 4.0 / 5) < 1e-12);
	/* By itself it would be 3/5, but no difference passes before a larger one. */
	assert_true(fabs(p[0] - 4.0 / 5) < 1e-12);
	simultaneous_p(p, (const double[]){0, 9}, drawn, 2, 4);
	assert_true(fabs(p[0] - 1) < 1e-12 && fabs(p[1] - 1.0 / 5) < 1e-12);
}

static void what_is_undefined_is_left_out(void **state)
{
	double p[2], with_gap[] = {-1, NAN, 3, NAN, 1, NAN, -3, NAN, NAN, 5};
	(void)state;
	simultaneous_p(p, (const double[]){1, NAN}, with_gap, 2, 5);
	assert_true(fabs(p[0] - 3.0 / 5) < 1e-12 && isnan(p[1]));
	simultaneous_p(p, (const double[]){1, 2}, drawn, 2, 1);
	assert_true(isnan(p[0]) && isnan(p[1]));
	simultaneous_p(p, NULL, NULL, 0, 4);
}

/* Pairs among eight equal arms: 28 differences, of which .05 each pass by themselves; by max-T in one study
 * of twenty any does. */
static void chance_passes_in_one_study_of_twenty(void **state)
{
	enum { ARMS = 8, PAIRS = ARMS * (ARMS - 1) / 2, DRAWS = 400, STUDIES = 1000 };
	static double pairs[DRAWS * PAIRS];
	struct philox r = philox_open(5, PURPOSE_NOISE, 0, 0);
	int n_any = 0, n_alone = 0;

	(void)state;
	for (int study = 0; study < STUDIES; study++) {
		double arm[ARMS], t[PAIRS], p[PAIRS], least = 1;
		for (int i = 0; i < ARMS; i++)
			arm[i] = philox_normal(&r);
		for (int k = 0; k < DRAWS && study % 20 == 0; k++) { /* all studies of twenty share theirs */
			double x[ARMS];
			for (int i = 0; i < ARMS; i++)
				x[i] = philox_normal(&r);
			for (int i = 0, at = 0; i < ARMS; i++)
				for (int j = 0; j < i; j++)
					pairs[k * PAIRS + at++] = x[i] - x[j];
		}
		for (int i = 0, at = 0; i < ARMS; i++)
			for (int j = 0; j < i; j++) {
				t[at] = fabs(arm[i] - arm[j]) / sqrt(2);
				n_alone += t[at++] > 1.96;
			}
		simultaneous_p(p, t, pairs, PAIRS, DRAWS);
		for (int at = 0; at < PAIRS; at++)
			least = p[at] < least ? p[at] : least;
		n_any += least < .05;
	}
	assert_true(fabs((double)n_alone / STUDIES / PAIRS - .05) < .01);
	assert_true(n_any > .03 * STUDIES && n_any < .075 * STUDIES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(greatest_of_each_resample_decides),
		cmocka_unit_test(what_is_undefined_is_left_out),
		cmocka_unit_test(chance_passes_in_one_study_of_twenty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
