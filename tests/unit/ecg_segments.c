/* Where segments and crops begin, and what two segments have in common before anything is learned. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ecg/augment.h"
#include "numbers/philox.h"

enum { N = 1000, RECORDS = 2000 };

/* Segments of 4 s; nothing but the cut. */
static struct augment policy(enum views_strategy strategy)
{
	return (struct augment){.views = {.strategy = strategy, .rate_hz = 100, .samples = N, .segment = 400},
				.gain = 1,
				.pool = 1,
				.strength = {0.1},
				.seed = 7};
}

static float strip[LEADS * N];

static void more_segments_never_overlap_and_use_all_of_the_slack(void **state)
{
	(void)state;
	struct augment a = policy(VIEWS_HALVES);
	a.views.n = 4;
	a.views.segment = 200;
	int first = N, last = 0;
	for (uint32_t i = 0; i < RECORDS; i++) {
		int end = 0;
		for (int v = 0; v < 4; v++) {
			int start = augment_start(&a, i, 5, v);
			assert_true(start >= end);
			end = start + 200;
			first = start < first ? start : first;
		}
		assert_true(end <= N);
		last = end > last ? end : last;
	}
	assert_int_equal(first, 0);
	assert_int_equal(last, N);
}

/* Each on its own, wherever it fits, at its own speed. */
static void crops_are_windows_of_the_record_at_independent_places(void **state)
{
	(void)state;
	static float x[LEADS * N];
	uint8_t keep[LEADS];
	struct augment a = policy(VIEWS_CROPS);
	a.pool_draws = 0;
	int least = N, most = 0, n_overlapping = 0;
	double product = 0, sum = 0;
	for (uint32_t i = 0; i < RECORDS; i++) {
		int p = augment_start(&a, i, 5, 0), q = augment_start(&a, i, 5, 1);
		augment_draw(&a, x, keep, strip, i, 5, 1);
		for (int l = 0; l < LEADS; l++)
			assert_memory_equal(x + l * 400, strip + l * N + q, 400 * sizeof(float));
		least = p < least ? p : least;
		most = p > most ? p : most;
		n_overlapping += abs(p - q) < 400;
		product += (p - 300.0) * (q - 300.0);
		sum += p - 300.0;
	}
	assert_true(least >= 0 && least < 5 && most <= N - 400 && most > N - 405);
	assert_true(n_overlapping > RECORDS / 2 && n_overlapping < RECORDS);
	assert_true(fabs(sum / RECORDS) < 15 && fabs(product / RECORDS) < 2500); /* of 173 squared */
	a.pool_draws = 3;
	augment_draw(&a, x, keep, strip, 0, 5, 1);
	assert_memory_not_equal(x, strip + augment_start(&a, 0, 5, 1), 400 * sizeof(float));
}

/* Slow noise, each lead of a record to mean 0 and deviation 1, as preprocess leaves it. */
static void slow_record(float *x, uint64_t number)
{
	struct philox r = philox_open(3, PURPOSE_NOISE, number, 0);
	for (int l = 0; l < LEADS; l++) {
		double level = 0;
		for (int i = 0; i < N; i++) {
			level = 0.98 * level + philox_normal(&r);
			x[l * N + i] = (float)level;
		}
		views_standardize(x + l * N, N);
	}
}

/* How many records' second halves are the nearest to what the means of the first say: the means, turned. */
static int found_by_means(const struct augment *a)
{
	enum { MANY = 60 };
	static float x[LEADS * N], signal[LEADS * N];
	double mean[MANY][2][LEADS] = {{{0}}};
	uint8_t keep[LEADS];
	int n_found = 0, n = views_input_samples(&a->views);
	for (int r = 0; r < MANY; r++) {
		slow_record(signal, (uint64_t)r);
		for (int v = 0; v < 2; v++) {
			augment_draw(a, x, keep, signal, (uint64_t)r, 0, v);
			for (int i = 0; i < LEADS * n; i++)
				mean[r][v][i / n] += (double)x[i] / n;
		}
	}
	for (int r = 0; r < MANY; r++) {
		int nearest = 0;
		double least = INFINITY;
		for (int q = 0; q < MANY; q++) {
			double distance = 0;
			for (int l = 0; l < LEADS; l++)
				distance += pow(mean[r][0][l] + mean[q][1][l], 2);
			nearest = distance < least ? q : nearest;
			least = distance < least ? distance : least;
		}
		n_found += nearest == r;
	}
	return n_found;
}

static void halves_give_each_other_away_by_their_means_unless_standardized(void **state)
{
	(void)state;
	struct augment a = policy(VIEWS_HALVES);
	a.views.segment = N / 2;
	assert_true(found_by_means(&a) > 54); /* of 60 */
	a.views.is_standardized = true;
	assert_true(found_by_means(&a) < 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_segments_never_overlap_and_use_all_of_the_slack),
		cmocka_unit_test(crops_are_windows_of_the_record_at_independent_places),
		cmocka_unit_test(halves_give_each_other_away_by_their_means_unless_standardized),
	};

	for (int i = 0; i < LEADS * N; i++)
		strip[i] = (float)((i * 7919) % 97) / 50 - 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
