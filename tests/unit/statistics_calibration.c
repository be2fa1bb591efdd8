/* What reliability diagrams and ROC curves are drawn from, on cases worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "statistics/calibration.h"

static void bins_are_open_below_and_closed_above(void **state)
{
	(void)state;
	struct calibration_bin bin[METRICS_BINS];

	/* Greatest probabilities .6 = 9/15, .61 and 1; the second is wrong. */
	const float p[] = {.6f, .4f, .61f, .39f, 0, 1};
	const uint8_t truth[] = {1, 0, 0, 1, 0, 1};
	calibration_bins(bin,
			 &(struct metrics_input){.n = 3, .n_classes = 2, .probability = p, .truth = truth});

	uint64_t n = 0;
	double ece = 0;
	struct metrics m;

	for (int k = 0; k < METRICS_BINS; k++) {
		n += bin[k].n;
		ece += (double)bin[k].n * fabs(bin[k].hits - bin[k].confidence) / 3;
	}

	assert_int_equal(n, 3);
	assert_int_equal(bin[METRICS_BINS - 1].n, 1);
	assert_true(bin[METRICS_BINS - 1].hits == 1 && bin[METRICS_BINS - 1].confidence == 1);
	metrics_init(&m, 2);
	metrics_compute(&m,
			&(struct metrics_input){.n = 3, .n_classes = 2, .probability = p, .truth = truth});
	assert_true(fabs(ece - m.ece) < 1e-12);
	metrics_release(&m);
}

/* Scores .9+ .8- .8+ .3-: the tie is one slanted step. */
static void a_roc_has_its_corners_and_slants_over_ties(void **state)
{
	(void)state;
	const float score[] = {.8f, .3f, .9f, .8f};
	const uint8_t truth[] = {0, 0, 1, 1}, all[] = {1, 1, 1, 1};
	struct calibration_point point[5];
	size_t n = calibration_roc(point, score, truth, 1, 4);
	static const double want[][2] = {{0, 0}, {0, .5}, {.5, 1}, {1, 1}};
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++)
		assert_true(point[i].false_positives == want[i][0] && point[i].true_positives == want[i][1]);
	assert_int_equal(calibration_roc(point, score, all, 1, 4), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(bins_are_open_below_and_closed_above),
					   cmocka_unit_test(a_roc_has_its_corners_and_slants_over_ties)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
