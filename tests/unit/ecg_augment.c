#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ecg/augment.h"
#include "numbers/dmath.h"

#define N	1000
#define RECORDS 2000

/* As the params' defaults have it, segments of 4 s. */
static struct augment policy(enum views_strategy strategy)
{
	struct error e = {0};
	struct augment a = {.views = {.strategy = strategy,
				      .rate_hz = 100,
				      .samples = N,
				      .segment = 400,
				      .is_antialiased = true},
			    .seed = 7};
	struct params *p = params_from_text("", augment_params(), &e);
	assert_non_null(p);
	assert_int_equal(augment_choose(&a, p, &e), 0);
	params_close(p);
	return a;
}

/* Nothing but the strategy and what the pool draws. */
static struct augment plain_policy(enum views_strategy strategy)
{
	struct augment a = policy(strategy);
	a.lead_mask_p = 0;
	a.gain = 1;
	a.noise_max = 0;
	return a;
}

/* A signal like a rhythm strip: different in each lead, near mean 0 and deviation 1. */
static const float *strip(void)
{
	static float x[LEADS * N];
	for (int l = 0; l < LEADS && x[LEADS * N - 1] == 0; l++)
		for (int i = 0; i < N; i++)
			x[l * N + i] = 1.41421356f * (float)dmath_sin(0.05 * i + l + 1);
	return x;
}

static const enum views_strategy strategies[] = {VIEWS_HALVES, VIEWS_INTERLEAVED, VIEWS_SEQUENTIAL,
						 VIEWS_CROPS};
enum { STRATEGIES = sizeof strategies / sizeof *strategies };

static void a_view_depends_on_seed_record_epoch_and_view_alone(void **state)
{
	(void)state;
	static float x[LEADS * N], y[LEADS * N];
	uint8_t keep[LEADS], kept[LEADS];

	for (int s = 0; s < STRATEGIES; s++) {
		struct augment a = policy(strategies[s]);
		size_t bytes = sizeof(float) * LEADS * (size_t)views_input_samples(&a.views);
		augment_draw(&a, x, keep, strip(), 17, 3, 1);
		for (uint64_t record = 0; record < 40; record++) /* other draws in between move nothing */
			augment_draw(&a, y, kept, strip(), record, 3, (int)(record & 1));
		memset(y, 0x55, sizeof y);
		augment_draw(&a, y, kept, strip(), 17, 3, 1);
		assert_memory_equal(x, y, bytes);
		assert_memory_equal(keep, kept, LEADS);
		augment_draw(&a, y, kept, strip(), 17, 3, 0);
		assert_memory_not_equal(x, y, bytes);
		augment_draw(&a, y, kept, strip(), 17, 4, 1);
		assert_memory_not_equal(x, y, bytes);
		augment_draw(&a, y, kept, strip(), 18, 3, 1);
		assert_memory_not_equal(x, y, bytes);
		a.seed++;
		augment_draw(&a, y, kept, strip(), 17, 3, 1);
		assert_memory_not_equal(x, y, bytes);
	}
}

static void the_signal_is_never_changed(void **state)
{
	(void)state;
	static float x[LEADS * N], before[LEADS * N];
	uint8_t keep[LEADS];
	const float *b = strip();
	memcpy(before, b, sizeof before);
	for (int s = 0; s < STRATEGIES; s++) {
		struct augment a = policy(strategies[s]);
		for (uint32_t i = 0; i < 50; i++)
			augment_draw(&a, x, keep, b, i, i, (int)(i & 1));
		assert_memory_equal(b, before, sizeof before);
	}
}

static void half_of_the_leads_are_kept_and_never_none(void **state)
{
	(void)state;
	static float x[LEADS * N];
	uint8_t keep[LEADS];
	struct augment a = policy(VIEWS_HALVES);
	int kept = 0;

	for (uint32_t i = 0; i < RECORDS; i++) {
		augment_draw(&a, x, keep, strip(), i, 0, 0);
		for (int l = 0; l < LEADS; l++)
			kept += keep[l];
	}

	assert_true(fabs(kept / (double)(RECORDS * LEADS) - 0.5) < 0.015);
	a.lead_mask_p = 1;
	for (uint32_t i = 0; i < RECORDS; i++) {
		int n = 0;
		augment_draw(&a, x, keep, strip(), i, 0, 0);
		for (int l = 0; l < LEADS; l++)
			n += keep[l];
		assert_int_equal(n, 1);
	}
}

/* A lead that a record lacks is never kept, one that it has always; all else is drawn as if it had all. */
static void leads_that_are_absent_are_never_kept(void **state)
{
	(void)state;
	static float x[LEADS * N], y[LEADS * N];
	static const uint8_t there[LEADS] = {0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0};
	uint8_t keep[LEADS], all[LEADS];
	struct augment a = policy(VIEWS_SEQUENTIAL);
	int n_alone = 0, only[LEADS] = {0};

	for (uint32_t i = 0; i < 200; i++) {
		int n = 0, n_both = 0;
		augment_draw(&a, x, all, strip(), i, 0, 0);
		augment_draw_shown(&a, y, keep, strip(), there, i, 0, 0, &(struct shown){0, -1});
		for (int l = 0; l < LEADS; l++) {
			n += keep[l];
			n_both += all[l] && there[l];
			assert_true(!keep[l] || there[l]);
		}
		assert_int_equal(n, n_both ? n_both : 1);
		n_alone += !n_both;
		for (int l = 0; !n_both && l < LEADS; l++)
			only[l] += keep[l];
		for (int l = 0; n_both && l < LEADS; l++)
			if (keep[l])
				assert_memory_equal(x + l * views_input_samples(&a.views),
						    y + l * views_input_samples(&a.views),
						    (size_t)views_input_samples(&a.views) * sizeof *x);
	}
	assert_true(n_alone > 5 && only[1] && only[7] && only[10]);

	for (int l = 0; l < LEADS; l++) {
		augment_draw_shown(&a, y, keep, strip(), there, 1, 0, 0, &(struct shown){0, l});
		int next = l <= 1 || l > 10 ? 1 : l <= 7 ? 7 : 10;
		for (int k = 0; k < LEADS; k++)
			assert_int_equal(keep[k], k == next);
	}
}

static void a_masked_lead_is_zeros(void **state)
{
	(void)state;
	static float x[LEADS * N];
	uint8_t keep[LEADS];
	for (int s = 0; s < STRATEGIES; s++) {
		struct augment a = policy(strategies[s]);
		int n = views_input_samples(&a.views);
		for (uint32_t r = 0; r < 50; r++) {
			augment_draw(&a, x, keep, strip(), r, 0, 0);
			for (int l = 0; l < LEADS; l++)
				for (int i = 0; i < n && !keep[l]; i++)
					assert_true(x[l * n + i] == 0);
		}
	}
}

static void halves_never_overlap_and_come_in_either_order(void **state)
{
	(void)state;
	struct augment a = policy(VIEWS_HALVES);
	int swapped = 0, starts[N] = {0}, different = 0;
	for (uint32_t i = 0; i < RECORDS; i++) {
		int p = augment_start(&a, i, 5, 0), q = augment_start(&a, i, 5, 1);
		int first = p < q ? p : q, second = p < q ? q : p;
		assert_true(first >= 0 && second >= first + 400 && second + 400 <= N);
		swapped += p > q;
		different += !starts[first];
		starts[first] = 1;
	}
	assert_true(fabs(swapped / (double)RECORDS - 0.5) < 0.05);
	assert_true(different > 150); /* of 201 */
}

static void halves_are_cut_where_augment_start_says(void **state)
{
	(void)state;
	static float x[LEADS * N];
	uint8_t keep[LEADS];
	struct augment a = plain_policy(VIEWS_HALVES);
	for (int view = 0; view < 2; view++) {
		int start = augment_start(&a, 9, 2, view);
		augment_draw(&a, x, keep, strip(), 9, 2, view);
		for (int l = 0; l < LEADS; l++)
			assert_memory_equal(x + l * 400, strip() + l * N + start, 400 * sizeof(float));
	}
}

static void gains_are_in_range_and_independent(void **state)
{
	(void)state;
	static float x[LEADS * N];
	uint8_t keep[LEADS];
	struct augment a = policy(VIEWS_SEQUENTIAL);
	a.lead_mask_p = 0;
	a.noise_max = 0;
	a.pool_draws = 0;

	double low = 10, high = 0, product = 0, last = 0;
	for (uint32_t i = 0; i < RECORDS; i++) {
		augment_draw(&a, x, keep, strip(), i, 0, (int)(i & 1));
		for (int l = 0; l < LEADS; l++) {
			double gain = x[l * N + 40] / (double)strip()[l * N + 40], log_gain = dmath_log(gain);
			low = gain < low ? gain : low;
			high = gain > high ? gain : high;
			product += log_gain * last;
			last = log_gain;
		}
	}

	assert_true(low >= 0.499999 && low < 0.51 && high <= 2.000001 && high > 1.96);
	assert_true(fabs(product / (RECORDS * LEADS)) < 0.005); /* variance .16 */
}

static void noise_has_the_deviation_asked_for(void **state)
{
	(void)state;
	static float x[LEADS * N];
	uint8_t keep[LEADS];
	struct augment a = policy(VIEWS_SEQUENTIAL);
	a.lead_mask_p = 0;
	a.gain = 1;
	a.pool_draws = 0;
	a.noise_min = a.noise_max = 0.2;

	double square = 0;
	for (uint32_t r = 0; r < 20; r++) {
		augment_draw(&a, x, keep, strip(), r, 0, 0);
		for (int i = 0; i < LEADS * N; i++)
			square += ((double)x[i] - strip()[i]) * ((double)x[i] - strip()[i]);
	}

	assert_true(fabs(sqrt(square / (20 * LEADS * N)) - 0.2) < 0.005);
	a.noise_p = 0;
	augment_draw(&a, x, keep, strip(), 3, 0, 0);
	assert_memory_equal(x, strip(), sizeof x);
}

static void an_interleaved_view_is_shifted_by_at_most_shift_s(void **state)
{
	(void)state;
	static float x[LEADS * N / 2], signal[LEADS * N];
	uint8_t keep[LEADS];
	struct augment a = plain_policy(VIEWS_INTERLEAVED);
	a.views.is_antialiased = false;
	for (int i = 0; i < LEADS * N; i++)
		signal[i] = (float)(i % N / 2 + 1); /* odd sample i is i + 1 */

	int least = N, most = -N;
	for (uint32_t r = 0; r < 500; r++) {
		augment_draw(&a, x, keep, signal, r, 0, 1);
		int by = 250 + 1 - (int)x[250];
		for (int i = 0; i < N / 2; i++) /* 0 or the sample `by` earlier */
			assert_true(x[i] == (i - by >= 0 && i - by < N / 2 ? (float)(i - by + 1) : 0));
		least = by < least ? by : least;
		most = by > most ? by : most;
	}

	assert_int_equal(least, -25);
	assert_int_equal(most, 25);
}

/* How view 0 of a record changes when the pool holds one augmentation alone. */
static double change_by(int kind)
{
	static float x[LEADS * N];
	uint8_t keep[LEADS];
	struct augment a = plain_policy(VIEWS_SEQUENTIAL);
	a.pool = 1u << kind;
	a.pool_draws = 1;
	double square = 0;
	for (uint32_t r = 0; r < 20; r++) {
		augment_draw(&a, x, keep, strip(), r, 0, 0);
		for (int i = 0; i < LEADS * N; i++) {
			assert_true(isfinite(x[i]));
			square += ((double)x[i] - strip()[i]) * ((double)x[i] - strip()[i]);
		}
	}
	return sqrt(square / (20 * LEADS * N));
}

static void each_augmentation_of_the_pool_changes_the_view(void **state)
{
	(void)state;
	for (int k = 0; k < augmentation_count; k++)
		assert_in_range((uintmax_t)(change_by(k) * 1000), 20, 2000);
	assert_true(fabs(change_by(augmentation_find("noise")) - 0.15) < 0.005);
}

/* What a row must bring along: nothing else names it. */
static void each_augmentation_has_its_parameter_and_its_place_in_the_header(void **state)
{
	(void)state;
	struct augment a = policy(VIEWS_SEQUENTIAL);
	json_t *json = augment_json(&a);
	size_t n_default = 0;
	for (int k = 0; k < augmentation_count; k++) {
		const struct augmentation *row = &augmentation_table[k];
		char start[64];
		int n = snprintf(start, sizeof start, "pool_%s", row->name);
		assert_memory_equal(row->strength.name, start, (size_t)n);
		assert_int_equal(augmentation_find(row->name), k);
		assert_true(a.strength[k] >= row->strength.min && a.strength[k] <= row->strength.max);
		assert_int_equal(a.pool >> k & 1, row->is_default);
		n_default += row->is_default;

		const json_t *strength = json_object_get(json, row->strength.name);
		assert_int_equal(strength != NULL, row->is_default);
		assert_true(!strength || json_number_value(strength) == a.strength[k]);
		assert_non_null(strstr(augmentation_names(false), row->name));
	}
	assert_int_equal(json_array_size(json_object_get(json, "pool")), n_default);
	json_decref(json);
}

static void an_unknown_augmentation_is_named_with_those_known(void **state)
{
	(void)state;
	struct error e = {0};
	assert_null(params_from_text("pool=[gain,warp]", augment_params(), &e));
	assert_non_null(strstr(error_text(&e), "got 'warp'"));
	for (int k = 0; k < augmentation_count; k++)
		assert_non_null(strstr(error_text(&e), augmentation_table[k].name));
}

static void what_is_drawn_from_the_pool_is_drawn_once(void **state)
{
	(void)state;
	static float x[LEADS * N];
	uint8_t keep[LEADS];
	struct augment a = plain_policy(VIEWS_SEQUENTIAL);
	a.pool = 1u << augmentation_find("noise") | 1u << augmentation_find("gain");
	a.pool_draws = 2;

	for (uint32_t r = 0; r < 50; r++) { /* so each view has both */
		double change = 0;
		augment_draw(&a, x, keep, strip(), r, 0, 0);
		for (int l = 0; l < LEADS; l++) {
			double before = 0, after = 0;
			for (int i = l * N; i < (l + 1) * N; i++) {
				before += (double)strip()[i] * strip()[i];
				after += (double)x[i] * x[i];
			}
			change += fabs(dmath_log(after / before)) / 2 / LEADS;
		}
		assert_true(change > 0.05); /* gain: .2 on average; noise alone .01 */
		assert_true(x[100] * strip()[200] != x[200] * strip()[100]);
	}
}

static void a_crop_keeps_a_tone_a_tone_between_the_old_bounds(void **state)
{
	(void)state;
	static float x[LEADS * N], ramp[LEADS * N];
	uint8_t keep[LEADS];
	struct augment a = plain_policy(VIEWS_SEQUENTIAL);
	a.pool = 1u << augmentation_find("crop");
	a.pool_draws = 1;
	for (int i = 0; i < LEADS * N; i++)
		ramp[i] = (float)(i % N);

	for (uint32_t r = 0; r < 100; r++) {
		augment_draw(&a, x, keep, ramp, r, 0, 0);
		float step = (x[N - 1] - x[0]) / (N - 1);
		assert_true(x[0] >= 0 && x[N - 1] <= N - 1 && step >= 0.599f && step <= 1.001f);
		for (int i = 1; i < N; i++)
			assert_true(fabsf(x[i] - x[0] - step * (float)i) < 0.01f);
	}
}

static void json_round_trip_draws_the_same_views(void **state)
{
	(void)state;
	static float x[LEADS * N], y[LEADS * N];
	uint8_t keep[LEADS], kept[LEADS];
	struct augment a = policy(VIEWS_SEQUENTIAL), b;
	struct error e = {0};
	json_t *json = augment_json(&a);
	assert_int_equal(augment_read(&b, json, &a.views, &e), 0);
	b.seed = a.seed;
	augment_draw(&a, x, keep, strip(), 1, 2, 0);
	augment_draw(&b, y, kept, strip(), 1, 2, 0);
	assert_memory_equal(x, y, sizeof x);
	json_object_set_new(json, "gain", json_real(0.5));
	assert_int_equal(augment_read(&b, json, &a.views, &e), -1);
	assert_non_null(strstr(error_text(&e), "gain"));
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_view_depends_on_seed_record_epoch_and_view_alone),
		cmocka_unit_test(the_signal_is_never_changed),
		cmocka_unit_test(half_of_the_leads_are_kept_and_never_none),
		cmocka_unit_test(leads_that_are_absent_are_never_kept),
		cmocka_unit_test(a_masked_lead_is_zeros),
		cmocka_unit_test(halves_never_overlap_and_come_in_either_order),
		cmocka_unit_test(halves_are_cut_where_augment_start_says),
		cmocka_unit_test(gains_are_in_range_and_independent),
		cmocka_unit_test(noise_has_the_deviation_asked_for),
		cmocka_unit_test(an_interleaved_view_is_shifted_by_at_most_shift_s),
		cmocka_unit_test(each_augmentation_of_the_pool_changes_the_view),
		cmocka_unit_test(each_augmentation_has_its_parameter_and_its_place_in_the_header),
		cmocka_unit_test(an_unknown_augmentation_is_named_with_those_known),
		cmocka_unit_test(what_is_drawn_from_the_pool_is_drawn_once),
		cmocka_unit_test(a_crop_keeps_a_tone_a_tone_between_the_old_bounds),
		cmocka_unit_test(json_round_trip_draws_the_same_views),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
