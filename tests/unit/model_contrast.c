#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/contrast.h"

enum { N = 6, SAMPLES = 100, LEADS = ENCODER_LEADS, INPUT = LEADS * SAMPLES };

static struct contrast_settings of_dvt(void)
{
	return (struct contrast_settings){
		.net.dvt = {.samples = SAMPLES,
			    .rate_hz = 100,
			    .d_model = 32,
			    .n_heads = 2,
			    .n_time_layers = 1,
			    .n_channel_layers = 1,
			    .n_cross = 1,
			    .towers = TOWERS_BOTH,
			    .projector_hidden = 32,
			    .projector_out = 16},
		.n = N,
		.loss = &loss_ntxent,
		.temperature = 0.1f,
		.optimizer = {.weight_decay = 0.05f, .max_norm = 1},
		.seed = 3,
	};
}

static struct contrast_settings of_resnet18(void)
{
	struct contrast_settings s = of_dvt();
	s.net = (struct encoder_config){.kind = ENCODER_RESNET18,
					.resnet18 = {.samples = SAMPLES,
						     .width = 8,
						     .stem_taps = 7,
						     .taps = 3,
						     .has_pool = true,
						     .projector_hidden = 32,
						     .projector_out = 16}};
	return s;
}

static struct contrast_settings (*const settings[])(void) = {of_dvt, of_resnet18};
enum { KINDS = sizeof settings / sizeof *settings };

static float x[2 * N * INPUT];
static uint8_t keep[2 * N * LEADS];
static const uint64_t patient[N] = {1, 2, 3, 4, 5, 6};

/* Records that differ in frequency; a record's two views differ in phase. */
static void fill(void)
{
	for (int r = 0; r < 2 * N; r++)
		for (int i = 0; i < INPUT; i++)
			x[r * INPUT + i] = (float)((((r % N) + 2) * i + 5 * (r / N)) % 23) / 11 - 1;
	memset(keep, 1, sizeof keep);
}

static void the_loss_falls_well_below_uniform(void **state)
{
	(void)state;
	for (int k = 0; k < KINDS; k++) {
		struct contrast_settings s = settings[k]();
		struct contrast *c = contrast_new(ops_cpu(), &s);
		struct contrast_result r = {0};
		fill();
		for (int i = 0; i < 60; i++)
			r = contrast_step(c, x, keep, patient, 1e-3f);
		assert_false(r.is_skipped);
		assert_true((double)r.loss < r.candidates.uniform - 1);
		assert_true(r.top1 > 0.9f);
		assert_true(r.norms[0] > 0 && r.norms[1] > 0 && r.norm >= r.norms[0]);
		float *h = malloc(2 * N * (size_t)c->net->dim * sizeof *h);
		assert_non_null(h);
		contrast_embeddings(h, c);
		for (int i = 1; i < N; i++)
			assert_memory_not_equal(h, h + i * c->net->dim, (size_t)c->net->dim * sizeof *h);
		free(h);
		contrast_free(c);
	}
}

/* A network that tells nothing apart, by the loss itself. */
static void the_loss_of_equal_rows_is_that_of_the_candidates_left(void **state)
{
	enum { RECORDS = 6, WIDTH = 4, MOST = 3 };
	static const uint64_t patients[][RECORDS] = {
		{1, 2, 3, 4, 5, 6}, {1, 2, 1, 3, 1, 4}, {1, 1, 2, 2, 3, 3}, {7, 7, 7, 7, 7, 7}};
	static const struct loss *const losses[] = {&loss_ntxent, &loss_clocs, &loss_ntxent};
	static const int views[] = {2, 2, MOST};
	const struct ops *ops = ops_cpu();
	float p[MOST * RECORDS * WIDTH], dp[MOST * RECORDS * WIDTH], result[2];
	uint64_t sorted[RECORDS];
	(void)state;

	for (int i = 0; i < MOST * RECORDS * WIDTH; i++)
		p[i] = 1;
	for (int l = 0; l < 3; l++)
		for (int k = 0; k < 4; k++)
			for (int same = SAME_PATIENT_MASK; same <= SAME_PATIENT_IGNORE; same++) {
				struct loss_batch b = {
					ops,
					RECORDS,
					views[l],
					WIDTH,
					p,
					patients[k],
					(enum same_patient)same,
					.1f,
					dp,
					ops->alloc(losses[l]->scratch(ops, views[l] * RECORDS, WIDTH) *
						   sizeof(float)),
					result};
				losses[l]->run(&b);
				struct candidates c = candidates_count(patients[k], RECORDS, views[l],
								       (enum same_patient)same,
								       losses[l]->is_across, sorted);
				assert_true(fabs((double)result[0] - c.uniform) < 1e-5);
				assert_int_equal(c.n_contrasted,
						 k == 3 && same != SAME_PATIENT_IGNORE ? 0 : RECORDS);
				ops->release(b.scratch);
			}
}

static void without_repeated_patients_it_is_ln_of_2n_minus_1_or_across_views_ln_of_n(void **state)
{
	uint64_t patients[128], sorted[128];
	(void)state;
	for (uint64_t i = 0; i < 128; i++)
		patients[i] = 1000 - i;
	assert_true(fabs(candidates_count(patients, 128, 2, SAME_PATIENT_MASK, false, sorted).uniform -
			 5.541264) < 1e-6);
	assert_true(fabs(candidates_count(patients, 128, 2, SAME_PATIENT_MASK, true, sorted).uniform -
			 4.852030) < 1e-6);
}

static void what_a_masked_lead_holds_changes_nothing(void **state)
{
	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		struct contrast_settings s = settings[kind]();
		struct contrast_result r[2];
		for (int k = 0; k < 2; k++) {
			struct contrast *c = contrast_new(ops_cpu(), &s);
			fill();
			keep[2 * LEADS + 5] = 0;
			for (int i = 0; i < SAMPLES; i++)
				x[2 * INPUT + 5 * SAMPLES + i] = k ? NAN : 0;
			r[k] = contrast_step(c, x, keep, patient, 1e-3f);
			assert_false(r[k].is_skipped);
			contrast_free(c);
		}
		assert_memory_equal(&r[0], &r[1], sizeof r[0]);
	}
}

static void a_step_that_is_not_finite_is_skipped_and_counted(void **state)
{
	(void)state;
	for (int k = 0; k < KINDS; k++) {
		struct contrast_settings s = settings[k]();
		struct contrast *c = contrast_new(ops_cpu(), &s);
		size_t n_bytes = c->net->tensors->count * sizeof(float);
		float *before = malloc(n_bytes);
		fill();
		memcpy(before, c->net->tensors->weights, n_bytes);
		x[77] = NAN;
		struct contrast_result r = contrast_step(c, x, keep, patient, 1e-3f);
		assert_true(r.is_skipped && r.loss == 0 && r.norm == 0);
		assert_int_equal(c->optimizer.n_skipped, 1);
		assert_memory_equal(before, c->net->tensors->weights, n_bytes);
		fill();
		r = contrast_step(c, x, keep, patient, 1e-3f);
		assert_false(r.is_skipped);
		assert_memory_not_equal(before, c->net->tensors->weights, n_bytes);
		free(before);
		contrast_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_loss_falls_well_below_uniform),
		cmocka_unit_test(the_loss_of_equal_rows_is_that_of_the_candidates_left),
		cmocka_unit_test(without_repeated_patients_it_is_ln_of_2n_minus_1_or_across_views_ln_of_n),
		cmocka_unit_test(what_a_masked_lead_holds_changes_nothing),
		cmocka_unit_test(a_step_that_is_not_finite_is_skipped_and_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
