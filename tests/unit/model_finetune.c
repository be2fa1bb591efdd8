/* Fine-tuning: learning rates by depth, steps that learn, steps that are left out, and records looked at. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/finetune.h"
#include "model/layerwise.h"

enum { SAMPLES = 100, RECORDS = 8, VIEWS = 2, ROWS = RECORDS * VIEWS, CLASSES = 3, EXTRA = 2 };
enum { INPUT = ENCODER_LEADS * SAMPLES };

static float x[ROWS * INPUT], extra[ROWS * EXTRA];
static uint8_t keep[ROWS * ENCODER_LEADS], truth[ROWS * CLASSES];
static const struct finetune_batch batch = {x, keep, extra, truth, ROWS};

/* Sines whose frequency is the class. */
static void fill(void)
{
	memset(keep, 1, sizeof keep);
	memset(truth, 0, sizeof truth);
	for (int r = 0; r < ROWS; r++) {
		int class = r / VIEWS % CLASSES;
		truth[r * CLASSES + class] = 1;
		for (int k = 0; k < INPUT; k++)
			x[r * INPUT + k] = (float)sin((0.2 + 0.3 * class) * (k % SAMPLES) + r + k / SAMPLES);
		for (int k = 0; k < EXTRA; k++)
			extra[r * EXTRA + k] = (float)((r * 7 + k * 3) % 5) - 2;
	}
}

static struct finetune *make(float encoder_lr)
{
	struct finetune_settings s = {.n_classes = CLASSES,
				      .n_extra = EXTRA,
				      .max_rows = ROWS,
				      .max_records = RECORDS,
				      .n_views = VIEWS,
				      .lr = 0.01f,
				      .encoder_lr = encoder_lr,
				      .decay = 0.5f,
				      .optimizer = {.weight_decay = 0.05f}};

	encoder_preset(&s.net, "tiny", SAMPLES, 100);
	encoder_set(&s.net, "d_model", 32);
	encoder_set(&s.net, "n_heads", 2);
	struct finetune *f = finetune_new(ops_cpu(), &s);
	size_t d = (size_t)(f->net->dim + EXTRA);
	float *ones = malloc(d * sizeof *ones), *zeros = calloc(CLASSES * d, sizeof *zeros);
	for (size_t k = 0; k < d; k++)
		ones[k] = 1;
	encoder_init(f->net, 1);
	classifier_set(f->head, zeros, ones, zeros, zeros);
	free(ones);
	free(zeros);
	fill();

	return f;
}

/* Of the first tensor whose name begins so. */
static float rate_of(const struct finetune *f, const char *prefix)
{
	for (int i = 0; i < f->net->tensors->n; i++)
		if (!strncmp(f->net->tensors->list[i].name, prefix, strlen(prefix)))
			return f->rate[i];
	fail_msg("no tensor %s...", prefix);
	return 0;
}

static void rates_halve_with_every_layer_towards_the_input(void **state)
{
	(void)state;
	struct finetune *f = make(0.001f);
	int depths = encoder_depths(&f->net->config);
	assert_true(rate_of(f, "time.head.") == 1);
	assert_true(rate_of(f, "gate") == 1);
	assert_true(rate_of(f, "channel.cross.0.") == 0.5f);
	assert_true(rate_of(f, "time.layers.1.") == 0.25f);
	assert_true(rate_of(f, "channel.layers.0.") == 0.125f);
	assert_true(rate_of(f, "time.stem.") == 1.0f / (float)(1 << (depths - 1)));
	assert_true(rate_of(f, "channel.lead") == rate_of(f, "time.stem."));
	finetune_free(f);
}

/* From the same start, with the same gradients. */
static void without_rates_a_step_is_the_optimizers(void **state)
{
	(void)state;
	struct finetune *f = make(0.001f), *g = make(0.001f);
	size_t n = f->net->tensors->count;
	for (size_t i = 0; i < n; i++)
		f->net->tensors->gradients[i] = g->net->tensors->gradients[i] =
			(float)((int)(i % 23) - 11) * (f->net->tensors->weights[i] != 0);
	const struct optimizer *o = &f->body;
	float norm = layerwise_norm(&o, 1);
	layerwise_step(&f->body, NULL, 0.01f, norm);
	assert_true(optimizer_step(&g->body, 0.01f) == norm);
	assert_memory_equal(f->net->tensors->weights, g->net->tensors->weights, n * sizeof(float));
	assert_int_equal(f->body.n_steps, 1);
	finetune_free(f);
	finetune_free(g);
}

/* Adam's first step is the learning rate for every weight, however large its gradient (and
 * its decay is small). */
static void a_tensor_moves_by_its_own_rate(void **state)
{
	(void)state;
	struct finetune *f = make(0.001f);
	const struct tensors *t = f->net->tensors;
	float *before = malloc(t->count * sizeof *before);
	memcpy(before, t->weights, t->count * sizeof *before);
	for (size_t i = 0; i < t->count; i++)
		t->gradients[i] = 1;
	layerwise_step(&f->body, f->rate, 0.001f, 1);

	for (int k = 0; k < t->n; k++) {
		size_t i = t->list[k].offset;
		double moved = (double)(before[i] - t->weights[i]), rate = 0.001 * (double)f->rate[k];
		double decay = t->list[k].has_decay ? rate * 0.05 * (double)before[i] : 0;
		if (!(fabs(moved - decay - rate) < 1e-3 * rate + 1.2e-7 * fabs((double)before[i])))
			fail_msg("%s moved by %g, expected %g", t->list[k].name, moved, rate + decay);
	}

	free(before);
	finetune_free(f);
}

static void training_learns_the_classes(void **state)
{
	(void)state;
	struct finetune *f = make(0.001f);
	double first = finetune_step(f, &batch, 1).loss, last = first;
	assert_true(fabs(first - log(CLASSES)) < 1e-6);
	for (int i = 0; i < 40; i++)
		last = finetune_step(f, &batch, 1).loss;
	assert_true(last < 0.1 * first);
	float p[RECORDS * CLASSES];
	finetune_sync(f);
	finetune_predict(f, p, x, NULL, extra, RECORDS);
	for (int i = 0; i < RECORDS; i++)
		assert_true(p[i * CLASSES + i % CLASSES] > 0.5f);
	finetune_free(f);
}

static void records_are_the_mean_of_their_views(void **state)
{
	(void)state;
	struct finetune *f = make(0.001f);
	int dim = f->net->dim;
	float *h = malloc(RECORDS * (size_t)dim * sizeof *h);
	finetune_sync(f);
	finetune_embed(f, h, x, NULL, RECORDS);
	encoder_forward(f->net, x, keep, ROWS);
	for (int i = 0; i < RECORDS; i++)
		for (int k = 0; k < dim; k++)
			assert_true(h[i * dim + k] ==
				    (f->net->h[2 * i * dim + k] + f->net->h[(2 * i + 1) * dim + k]) / 2);
	free(h);
	finetune_free(f);
}

static void a_step_that_is_not_finite_changes_nothing(void **state)
{
	(void)state;
	struct finetune *f = make(0.001f);
	const struct tensors *t = f->net->tensors;
	float *before = malloc(t->count * sizeof *before);
	memcpy(before, t->weights, t->count * sizeof *before);
	extra[3] = INFINITY;

	struct finetune_result r = finetune_step(f, &batch, 1);
	assert_true(r.is_skipped);
	assert_int_equal(f->n_skipped, 1);
	assert_memory_equal(t->weights, before, t->count * sizeof *before);
	assert_int_equal(f->body.n_steps + f->top.n_steps, 0);
	fill();
	assert_false(finetune_step(f, &batch, 1).is_skipped);
	assert_memory_not_equal(f->head->tensors.weights, before, 16 * sizeof *before);
	free(before);
	finetune_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(rates_halve_with_every_layer_towards_the_input),
					   cmocka_unit_test(without_rates_a_step_is_the_optimizers),
					   cmocka_unit_test(a_tensor_moves_by_its_own_rate),
					   cmocka_unit_test(training_learns_the_classes),
					   cmocka_unit_test(records_are_the_mean_of_their_views),
					   cmocka_unit_test(a_step_that_is_not_finite_changes_nothing)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
