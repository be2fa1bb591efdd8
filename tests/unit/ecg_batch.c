#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/pool.h"
#include "ecg/batch.h"

enum { RECORDS = 30, SAMPLES = 200, BATCH = 7, T = 100, INPUT = LEADS * T };

static struct augment policy = {
	.views = {.strategy = VIEWS_INTERLEAVED, .rate_hz = 100, .samples = SAMPLES, .is_antialiased = true},
	.seed = 5,
	.lead_mask_p = 0.5,
	.gain = 2,
	.noise_max = 0.2,
	.noise_p = 1,
	.shift_s = 0.1,
};
static uint64_t record[RECORDS], patient[RECORDS];
static float signal[RECORDS][LEADS * SAMPLES];
static const void *where[RECORDS];

static struct batch_source source(void)
{
	for (uint64_t i = 0; i < RECORDS; i++) {
		record[i] = 10 * i + 3;
		patient[i] = 1000 + i / 2;
		where[i] = signal[i];
		for (uint64_t k = 0; k < LEADS * SAMPLES; k++)
			signal[i][k] = (float)((i * 7919 + k * 31) % 97) / 50 - 1;
	}
	return (struct batch_source){&policy, RECORDS, record, patient, where, NULL};
}

static void an_epoch_holds_every_record_once_in_another_order_than_the_last(void **state)
{
	(void)state;
	struct batch_source s = source();
	struct batch_place a[RECORDS], b[RECORDS];
	int seen[RECORDS] = {0}, moved = 0;
	batch_shuffle(a, &s, 0);
	batch_shuffle(b, &s, 1);
	for (int i = 0; i < RECORDS; i++) {
		assert_int_equal(seen[a[i].row]++, 0);
		moved += a[i].row != b[i].row;
	}
	assert_true(moved > RECORDS / 2);
}

static void leaving_out_a_record_moves_no_other(void **state)
{
	(void)state;
	struct batch_source s = source();
	struct batch_place all[RECORDS], fewer[RECORDS];
	batch_shuffle(all, &s, 4);
	s.n--, s.record++, s.patient++; /* the first record is gone, and all rows move */
	batch_shuffle(fewer, &s, 4);
	for (size_t i = 0, j = 0; i < RECORDS; i++)
		if (all[i].row != 0)
			assert_int_equal(fewer[j++].row + 1, all[i].row);
}

static void a_record_has_the_same_views_and_mask_whatever_the_batch(void **state)
{
	(void)state;
	static float x[2 * BATCH * INPUT], y[2 * INPUT];
	uint8_t keep[2 * BATCH * LEADS], kept[2 * LEADS];
	uint64_t patients[BATCH], one;
	struct batch_source s = source();
	struct batch_place order[RECORDS];
	batch_shuffle(order, &s, 2);
	batch_draw(x, keep, patients, &s, order, BATCH, 2, NULL);

	for (int i = 0; i < BATCH; i++) {
		batch_draw(y, kept, &one, &s, order + i, 1, 2, NULL);
		assert_memory_equal(y, x + i * INPUT, sizeof(float) * INPUT);
		assert_memory_equal(y + INPUT, x + (BATCH + i) * INPUT, sizeof(float) * INPUT);
		assert_memory_equal(kept, keep + i * LEADS, LEADS);
		assert_memory_equal(kept + LEADS, keep + (BATCH + i) * LEADS, LEADS);
		assert_int_equal(one, patients[i]);
		assert_int_equal(one, patient[order[i].row]);
	}
}

/* Of three segments; rows of a record are BATCH apart. */
static void three_views_of_a_record_are_three(void **state)
{
	(void)state;
	enum { VIEWS = 3 };
	static float x[VIEWS * BATCH * INPUT], y[INPUT];
	uint8_t keep[VIEWS * BATCH * LEADS], kept[LEADS];
	uint64_t patients[BATCH];
	struct batch_source s = source();
	struct augment three = *s.policy;
	struct batch_place order[RECORDS];
	three.views.strategy = VIEWS_HALVES;
	three.views.n = VIEWS;
	three.views.segment = three.views.samples / VIEWS / 10 * 10;
	s.policy = &three;
	size_t size = LEADS * (size_t)three.views.segment;
	assert_true(size <= INPUT);
	batch_shuffle(order, &s, 2);
	batch_draw(x, keep, patients, &s, order, BATCH, 2, NULL);

	for (int i = 0; i < BATCH; i++)
		for (int v = 0; v < VIEWS; v++) {
			size_t row = order[i].row, at = (size_t)(v * BATCH + i);
			augment_draw(&three, y, kept, s.signal[row], s.record[row], 2, v);
			assert_memory_equal(y, x + at * size, size * sizeof *y);
			assert_memory_equal(kept, keep + at * LEADS, LEADS);
		}
}

static void nothing(void *context, int i)
{
	(void)context;
	(void)i;
}

static void views_drawn_beside_other_work_are_the_same(void **state)
{
	(void)state;
	static float x[2 * BATCH * INPUT], y[2 * BATCH * INPUT];
	uint8_t keep[2 * BATCH * LEADS], kept[2 * BATCH * LEADS];
	uint64_t patients[BATCH], same[BATCH];
	struct batch_source s = source();
	struct batch_place order[RECORDS];
	batch_shuffle(order, &s, 3);
	batch_draw(x, keep, patients, &s, order, BATCH, 3, NULL);

	struct batch_drawing d = {.x = y,
				  .keep = kept,
				  .source = &s,
				  .order = order,
				  .n = BATCH,
				  .n_views = 2,
				  .epoch = 3,
				  .pairing = pairing_draw(PAIRING_POLICY, 0, 0)};
	for (int n_rounds = 0; n_rounds < 50; n_rounds += 10) {
		memset(y, 0, sizeof y);
		batch_draw_begin(&d, same);
		for (int i = 0; i < n_rounds; i++)
			pool_run(nothing, NULL, 10);
		batch_draw_end();
		assert_memory_equal(x, y, sizeof x);
		assert_memory_equal(keep, kept, sizeof keep);
		assert_memory_equal(patients, same, sizeof same);
	}
}

/* Across the middle, where second views begin. */
static void a_part_of_a_batch_is_drawn_like_the_whole(void **state)
{
	(void)state;
	static float x[2 * BATCH * INPUT], y[3 * INPUT + 1];
	uint8_t keep[2 * BATCH * LEADS], kept[3 * LEADS];
	uint64_t patients[BATCH], same[BATCH];
	struct batch_source s = source();
	struct batch_place order[RECORDS];
	batch_shuffle(order, &s, 3);
	batch_draw(x, keep, patients, &s, order, BATCH, 3, NULL);

	struct batch_drawing d = {.x = y,
				  .keep = kept,
				  .source = &s,
				  .order = order,
				  .n = BATCH,
				  .n_views = 2,
				  .epoch = 3,
				  .pairing = pairing_draw(PAIRING_POLICY, 0, 0),
				  .first = BATCH - 1,
				  .n_own = 3};
	y[3 * INPUT] = 7;
	batch_draw_begin(&d, same);
	batch_draw_end();
	assert_memory_equal(y, x + (size_t)(BATCH - 1) * INPUT, 3 * INPUT * sizeof *y);
	assert_memory_equal(kept, keep + (BATCH - 1) * LEADS, sizeof kept);
	assert_memory_equal(patients, same, sizeof same);
	assert_true(y[3 * INPUT] == 7);
}

static void the_two_views_of_a_record_are_drawn_apart(void **state)
{
	(void)state;
	static float x[2 * BATCH * INPUT];
	uint8_t keep[2 * BATCH * LEADS];
	uint64_t patients[BATCH];
	struct batch_source s = source();
	struct batch_place order[RECORDS];
	int different = 0;
	batch_shuffle(order, &s, 0);
	batch_draw(x, keep, patients, &s, order, BATCH, 0, NULL);
	for (int i = 0; i < BATCH; i++)
		different += memcmp(keep + i * LEADS, keep + (BATCH + i) * LEADS, LEADS) != 0;
	assert_true(different >= BATCH - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_epoch_holds_every_record_once_in_another_order_than_the_last),
		cmocka_unit_test(leaving_out_a_record_moves_no_other),
		cmocka_unit_test(a_record_has_the_same_views_and_mask_whatever_the_batch),
		cmocka_unit_test(three_views_of_a_record_are_three),
		cmocka_unit_test(views_drawn_beside_other_work_are_the_same),
		cmocka_unit_test(a_part_of_a_batch_is_drawn_like_the_whole),
		cmocka_unit_test(the_two_views_of_a_record_are_drawn_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
