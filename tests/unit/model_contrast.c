#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/config.h"
#include "model/contrast.h"

enum { N = 6, SAMPLES = 100, LEADS = ENCODER_LEADS, INPUT = LEADS * SAMPLES };

static struct contrast_settings settings(void)
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
		.temperature = 0.1f,
		.optimizer = {.weight_decay = 0.05f, .max_norm = 1},
		.seed = 3,
	};
}

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

static void the_loss_starts_near_uniform_and_falls_well_below(void **state)
{
	(void)state;
	struct contrast_settings s = settings();
	struct contrast *c = contrast_new(ops_cpu(), &s);
	struct contrast_result r = {0};
	fill();
	for (int i = 0; i < 60; i++)
		r = contrast_step(c, x, keep, patient, 1e-3f);
	assert_false(r.is_skipped);
	assert_true(r.loss < contrast_uniform_loss(N) - 1);
	assert_true(r.top1 > 0.9f);
	assert_true(r.norms.part[0] > 0 && r.norms.part[1] > 0 && r.norm >= r.norms.part[0]);
	assert_true(contrast_rankme(c) > 1.5f);
	contrast_free(c);
}

static void the_uniform_loss_is_ln_of_2n_minus_1(void **state)
{
	(void)state;
	assert_true(fabs(contrast_uniform_loss(128) - 5.541264) < 1e-5);
}

static void what_a_masked_lead_holds_changes_nothing(void **state)
{
	(void)state;
	struct contrast_settings s = settings();
	struct contrast_result r[2];
	for (int k = 0; k < 2; k++) {
		struct contrast *c = contrast_new(ops_cpu(), &s);
		fill();
		keep[2 * LEADS + 5] = 0;
		for (int i = 0; i < SAMPLES; i++)
			x[2 * INPUT + 5 * SAMPLES + i] = k ? 1e9f : 0;
		r[k] = contrast_step(c, x, keep, patient, 1e-3f);
		contrast_free(c);
	}
	assert_memory_equal(&r[0], &r[1], sizeof r[0]);
}

static void a_step_that_is_not_finite_is_skipped_and_counted(void **state)
{
	(void)state;
	struct contrast_settings s = settings();
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

static void config_goes_through_json_and_back(void **state)
{
	(void)state;
	struct encoder_config was = settings().net, is;
	struct error e = {0};
	json_t *json = config_json(&was);
	assert_int_equal(config_read(&is, json, &e), 0);
	struct dualview_config a = was.dvt, b = is.dvt;
	assert_true(b.samples == a.samples && b.rate_hz == a.rate_hz && b.d_model == a.d_model &&
		    b.n_heads == a.n_heads && b.n_time_layers == a.n_time_layers &&
		    b.n_channel_layers == a.n_channel_layers && b.n_cross == a.n_cross &&
		    b.towers == a.towers && b.projector_hidden == a.projector_hidden &&
		    b.projector_out == a.projector_out);
	json_object_set_new(json, "d_model", json_integer(33));
	assert_int_equal(config_read(&is, json, &e), -1);
	json_object_del(json, "d_model");
	assert_int_equal(config_read(&is, json, &e), -1);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_loss_starts_near_uniform_and_falls_well_below),
		cmocka_unit_test(the_uniform_loss_is_ln_of_2n_minus_1),
		cmocka_unit_test(what_a_masked_lead_holds_changes_nothing),
		cmocka_unit_test(a_step_that_is_not_finite_is_skipped_and_counted),
		cmocka_unit_test(config_goes_through_json_and_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
