/* Which views a step contrasts: never one with itself, all pairs equally often, one lead each
 * where leads are views. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ecg/batch.h"

enum { STEPS = 66000, SAMPLES = 200, T = 100, INPUT = LEADS * T, N = 5 };

static void the_policys_pairing_is_both_segments_with_the_policys_leads(void **state)
{
	(void)state;
	struct pairing p = pairing_draw(PAIRING_POLICY, 1, 7);
	assert_int_equal(p.view[0].segment, 0);
	assert_int_equal(p.view[1].segment, 1);
	assert_int_equal(p.view[0].lead, -1);
	assert_int_equal(p.view[1].lead, -1);
}

/* Counts of unordered pairs of the n views within five standard deviations of even. */
static void assert_even(enum pairing_kind kind, int n)
{
	static int count[24][24];
	double expected = STEPS / (n * (n - 1) / 2.0);

	memset(count, 0, sizeof count);
	for (uint64_t step = 0; step < STEPS; step++) {
		struct pairing p = pairing_draw(kind, 3, step);
		int a = p.view[0].segment * LEADS + p.view[0].lead,
		    b = p.view[1].segment * LEADS + p.view[1].lead;
		assert_in_range(a, 0, n - 1);
		assert_in_range(b, 0, n - 1);
		count[a < b ? a : b][a < b ? b : a]++;
	}

	for (int a = 0; a < n; a++)
		for (int b = a; b < n; b++)
			if (a == b)
				assert_int_equal(count[a][b], 0);
			else
				assert_true(fabs(count[a][b] - expected) < 5 * sqrt(expected));
}

static void all_66_pairs_of_leads_and_all_276_of_segments_and_leads_come_equally_often(void **state)
{
	(void)state;
	assert_even(PAIRING_LEADS, 12);
	assert_even(PAIRING_SEGMENTS_LEADS, 24);
}

static void a_pairing_depends_on_seed_and_step_alone(void **state)
{
	(void)state;
	struct pairing p = pairing_draw(PAIRING_SEGMENTS_LEADS, 3, 9),
		       q = pairing_draw(PAIRING_SEGMENTS_LEADS, 3, 9);
	int n_other = 0;
	assert_memory_equal(&p, &q, sizeof p);
	for (uint64_t i = 0; i < 20; i++) {
		q = pairing_draw(PAIRING_SEGMENTS_LEADS, 4 + i, 9);
		n_other += memcmp(&p, &q, sizeof p) != 0;
	}
	assert_true(n_other > 15);
}

static void every_record_of_a_batch_shows_the_one_lead_of_the_one_segment(void **state)
{
	struct augment policy = {
		.views = {.strategy = VIEWS_HALVES, .rate_hz = 100, .samples = SAMPLES, .segment = T},
		.seed = 5,
		.lead_mask_p = 0.5,
		.gain = 1};
	static const struct pairing pairings[] = {{{{0, 3}, {0, 8}}}, {{{1, 3}, {0, 3}}}};
	static float signal[N][LEADS * SAMPLES], x[2 * N * INPUT];
	const void *where[N];
	static uint64_t record[N] = {4, 5, 6, 9, 11}, patient[N] = {1, 1, 2, 3, 4}, drawn[N];
	struct batch_place order[N];
	struct batch_source s = {&policy, N, record, patient, where, NULL};
	uint8_t keep[2 * N * LEADS];

	(void)state;
	for (int i = 0; i < N; i++) {
		where[i] = signal[i];
		for (int k = 0; k < LEADS * SAMPLES; k++)
			signal[i][k] = (float)((i * LEADS * SAMPLES + k) * 7919 % 9973);
	}
	batch_shuffle(order, &s, 1);

	for (int p = 0; p < 2; p++) {
		batch_draw(x, keep, drawn, &s, order, N, 1, &pairings[p]);
		for (int row = 0; row < 2 * N; row++) {
			struct shown shown = pairings[p].view[row / N];
			size_t from = order[row % N].row;
			int start = augment_start(&policy, record[from], 1, shown.segment);
			for (int l = 0; l < LEADS; l++)
				assert_int_equal(keep[row * LEADS + l], l == shown.lead);
			assert_memory_equal(x + row * INPUT + shown.lead * T,
					    signal[from] + shown.lead * SAMPLES + start, T * sizeof *x);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_policys_pairing_is_both_segments_with_the_policys_leads),
		cmocka_unit_test(all_66_pairs_of_leads_and_all_276_of_segments_and_leads_come_equally_often),
		cmocka_unit_test(a_pairing_depends_on_seed_and_step_alone),
		cmocka_unit_test(every_record_of_a_batch_shows_the_one_lead_of_the_one_segment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
