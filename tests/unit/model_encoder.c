/* What every encoder promises, whichever network it is. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/config.h"
#include "model/encoder.h"

enum { SAMPLES = 120, BATCH = 5, LEADS = ENCODER_LEADS, INPUT = LEADS * SAMPLES };

static const char *const names[] = {"tiny", "resnet18", "resnet18-poster"};
enum { NAMES = sizeof names / sizeof *names };

static struct encoder_config config_of(int i)
{
	struct encoder_config c;
	assert_int_equal(encoder_preset(&c, names[i], SAMPLES, 100), 0);
	assert_int_equal(encoder_set(&c, "d_model", c.kind == ENCODER_DVT ? 32 : 8), 0);
	assert_int_equal(encoder_set(&c, "projector_hidden", 24), 0);
	return c;
}

static float x[BATCH * INPUT];
static uint8_t keep[BATCH * LEADS];

static void fill(void)
{
	for (int i = 0; i < BATCH * INPUT; i++)
		x[i] = (float)(i * 7919 % 1000) / 500 - 1 + 0.1f * (float)(i / INPUT);
	for (int i = 0; i < BATCH * LEADS; i++)
		keep[i] = i % 7 != 3;
}

static void a_records_embedding_is_the_same_alone_and_in_any_batch(void **state)
{
	(void)state;
	for (int i = 0; i < NAMES; i++) {
		struct encoder_config c = config_of(i);
		struct encoder *e = encoder_new(ops_cpu(), &c, BATCH, false);
		size_t n = (size_t)e->dim;
		float *together = malloc(BATCH * n * sizeof *together);
		encoder_init(e, 1);
		fill();
		encoder_set_statistics(e, x, keep, 2);
		encoder_forward(e, x, keep, BATCH);
		memcpy(together, e->h, BATCH * n * sizeof *together);
		for (int k = 0; k < BATCH; k++) {
			encoder_forward(e, x + k * INPUT, keep + k * LEADS, 1);
			assert_memory_equal(e->h, together + (size_t)k * n, n * sizeof *together);
		}
		assert_memory_not_equal(together, together + n, n * sizeof *together);
		free(together);
		encoder_free(e);
	}
}

static void what_a_masked_lead_holds_is_never_read(void **state)
{
	(void)state;
	for (int i = 0; i < NAMES; i++) {
		struct encoder_config c = config_of(i);
		struct encoder *e = encoder_new(ops_cpu(), &c, BATCH, false);
		size_t n_bytes = BATCH * (size_t)e->dim * sizeof(float);
		float *before = malloc(n_bytes);
		encoder_init(e, 1);
		fill();
		encoder_forward(e, x, keep, BATCH);
		memcpy(before, e->h, n_bytes);
		for (int k = 0; k < BATCH * INPUT; k++)
			if (!keep[k / SAMPLES])
				x[k] = NAN;
		encoder_forward(e, x, keep, BATCH);
		assert_memory_equal(e->h, before, n_bytes);
		free(before);
		encoder_free(e);
	}
}

static void training_and_settling_give_the_same_embeddings(void **state)
{
	(void)state;
	for (int i = 0; i < NAMES; i++) {
		struct encoder_config c = config_of(i);
		struct encoder *training = encoder_new(ops_cpu(), &c, BATCH, true);
		struct encoder *e = encoder_new(ops_cpu(), &c, BATCH, false);
		size_t n_bytes = BATCH * (size_t)e->dim * sizeof(float);
		encoder_init(training, 1);
		encoder_copy(e, training);
		fill();
		encoder_forward(training, x, keep, BATCH);
		if (encoder_has_statistics(&c)) {
			encoder_forward(e, x, keep, BATCH);
			assert_memory_not_equal(e->h, training->h, n_bytes);
			encoder_set_statistics(e, x, keep, BATCH);
		} else {
			encoder_forward(e, x, keep, BATCH);
		}
		assert_memory_equal(e->h, training->h, n_bytes);
		encoder_free(training);
		encoder_free(e);
	}
}

/* dp through the projector and dh beside it: the encoder's gradients depend on what reaches h alone. */
static void a_gradient_of_h_reaches_every_tensor_of_the_encoder_and_no_other(void **state)
{
	(void)state;
	for (int i = 0; i < NAMES; i++) {
		struct encoder_config c = config_of(i);
		struct encoder *e = encoder_new(ops_cpu(), &c, BATCH, true);
		float *dh = e->ops->alloc(BATCH * (size_t)e->dim * sizeof *dh);
		encoder_init(e, 1);
		fill();
		for (int k = 0; k < BATCH * e->dim; k++)
			dh[k] = (float)(k * 31 % 17 - 8);
		encoder_forward(e, x, keep, BATCH);
		tensors_zero_gradients(e->tensors);
		encoder_backward_h(e, dh);
		for (int k = 0; k < e->tensors->n; k++) {
			const struct tensor *t = &e->tensors->list[k];
			float sum = e->ops->sum_squares(e->tensors->gradients + t->offset, t->count);
			bool is_trained = !strstr(t->name, "projector") && !strstr(t->name, "running");
			if ((sum > 0) != is_trained)
				fail_msg("%s: %s has a gradient of squared norm %g", names[i], t->name,
					 (double)sum);
		}
		float squares[ENCODER_PARTS] = {0};
		encoder_gradient_squares(e, squares);
		assert_true(squares[0] > 0 && squares[1] > 0);
		e->ops->release(dh);
		encoder_free(e);
	}
}

static void depths_rise_from_the_input_to_the_head(void **state)
{
	(void)state;
	for (int i = 0; i < NAMES; i++) {
		struct encoder_config c = config_of(i);
		struct encoder *e = encoder_new(ops_cpu(), &c, 1, true);
		int deepest = 0, last = encoder_depths(&c) - 1;
		for (int k = 0; k < e->tensors->n; k++) {
			const char *name = e->tensors->list[k].name;
			int depth = encoder_depth(e, k);
			assert_in_range(depth, 0, last);
			assert_int_equal(depth == 0,
					 strstr(name, "stem") || strstr(name, "mask") ||
						 strstr(name, "channel.lead") ||
						 (strstr(name, ".embedding") && !strstr(name, "head")));
			deepest = depth > deepest ? depth : deepest;
		}
		assert_int_equal(deepest, last);
		encoder_free(e);
	}
}

static void a_config_goes_through_json_and_back(void **state)
{
	(void)state;
	for (int i = 0; i < NAMES; i++) {
		struct encoder_config a = config_of(i), b;
		struct error e = {0};
		json_t *json = config_json(&a);
		assert_int_equal(config_read(&b, json, &e), 0);
		json_t *again = config_json(&b);
		assert_true(json_equal(json, again));
		const char *key;
		json_t *value;
		void *next;
		json_object_foreach_safe (again, next, key, value) {
			json_t *without = json_copy(again);
			json_object_del(without, key);
			assert_int_equal(config_read(&b, without, &e), -1);
			json_decref(without);
		}
		e = (struct error){0};
		json_object_set_new(again, "encoder", json_string("lstm"));
		assert_int_equal(config_read(&b, again, &e), -1);
		assert_non_null(strstr(error_text(&e), "unknown encoder 'lstm', expected dvt or resnet18"));
		json_object_set_new(json, "samples", json_integer(3));
		assert_int_equal(config_read(&b, json, &e), -1);
		json_decref(json);
		json_decref(again);
	}
}

static void sizes_that_a_network_lacks_are_refused(void **state)
{
	(void)state;
	struct encoder_config c;
	struct error e = {0};
	int heads, tokens;
	assert_int_equal(encoder_preset(&c, "resnet19", SAMPLES, 100), -1);
	c = config_of(1);
	assert_int_equal(encoder_set(&c, "n_heads", 4), -1);
	assert_int_equal(encoder_set(&c, "width", 4), -1);
	assert_int_equal(encoder_set_towers(&c, TOWERS_TIME), -1);
	assert_int_equal(encoder_set_towers(&c, TOWERS_BOTH), 0);
	assert_false(encoder_has_attention(&c, &heads, &tokens));
	c.resnet18.taps = 4;
	assert_int_equal(encoder_config_check(&c, &e), -1);
	c.resnet18.taps = 1;
	assert_int_equal(encoder_config_check(&c, &e), -1);
	c = config_of(1);
	encoder_set(&c, "d_model", 0);
	assert_int_equal(encoder_config_check(&c, &e), -1);
	c = config_of(0);
	assert_int_equal(encoder_set(&c, "n_heads", 4), 0);
	assert_true(encoder_has_attention(&c, &heads, &tokens) && heads == 4 && tokens == SAMPLES / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_records_embedding_is_the_same_alone_and_in_any_batch),
		cmocka_unit_test(what_a_masked_lead_holds_is_never_read),
		cmocka_unit_test(training_and_settling_give_the_same_embeddings),
		cmocka_unit_test(a_gradient_of_h_reaches_every_tensor_of_the_encoder_and_no_other),
		cmocka_unit_test(depths_rise_from_the_input_to_the_head),
		cmocka_unit_test(a_config_goes_through_json_and_back),
		cmocka_unit_test(sizes_that_a_network_lacks_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
