#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "numbers/philox.h"
#include "model/dualview.h"
#include "model/optimizer.h"

enum { LEADS = DUALVIEW_LEADS, BATCH = 40, N_OUT = 16 }; /* more records than a stem's chunk holds */

static const struct dualview_config small = {.samples = 100,
					     .rate_hz = 100,
					     .d_model = 32,
					     .n_heads = 4,
					     .n_time_layers = 1,
					     .n_channel_layers = 1,
					     .n_cross = 1,
					     .towers = TOWERS_BOTH,
					     .projector_hidden = 24,
					     .projector_out = N_OUT};

struct fixture {
	const struct ops *ops;
	struct dualview *d;
	float *x, *dp;
	uint8_t *keep;
	size_t n_record; /* floats of one record */
};

static struct fixture fixture_new(const struct dualview_config *c, int batch, bool is_training)
{
	struct fixture f = {.ops = ops_cpu(), .n_record = (size_t)LEADS * (size_t)c->samples};
	f.d = dualview_new(f.ops, c, batch, 1, 64, is_training);
	dualview_init(f.d, 7);
	f.x = f.ops->alloc((size_t)batch * f.n_record * sizeof *f.x);
	f.keep = f.ops->alloc((size_t)batch * LEADS);
	f.dp = f.ops->alloc((size_t)batch * N_OUT * sizeof *f.dp);

	for (int b = 0; b < batch; b++) {
		struct philox r = philox_open(1, PURPOSE_NOISE, (uint64_t)b, 0);
		for (size_t i = 0; i < f.n_record; i++)
			f.x[(size_t)b * f.n_record + i] = (float)philox_normal(&r);
		for (int l = 0; l < LEADS; l++)
			f.keep[b * LEADS + l] = l == b % LEADS || philox_below(&r, 2);
		for (int j = 0; j < N_OUT; j++)
			f.dp[b * N_OUT + j] = (float)philox_normal(&r);
	}

	return f;
}

static void fixture_free(struct fixture *f)
{
	f->ops->release(f->x);
	f->ops->release(f->keep);
	f->ops->release(f->dp);
	dualview_free(f->d);
}

static float *copy(const float *x, size_t n)
{
	float *y = malloc(n * sizeof *y);
	memcpy(y, x, n * sizeof *y);
	return y;
}

static void step(struct fixture *f, int batch)
{
	dualview_forward(f->d, 0, f->x, f->keep, 0, batch);
	dualview_backward(f->d, 0, f->dp);
}

static void a_masked_lead_reaches_neither_tokens_nor_gradients_whatever_it_holds(void **state)
{
	(void)state;
	struct fixture f = fixture_new(&small, BATCH, true);
	size_t n_h = (size_t)BATCH * (size_t)f.d->dim, n = f.d->tensors.count;
	step(&f, BATCH);

	float *h = copy(f.d->h, n_h), *g = copy(f.d->tensors.gradients, n);
	for (size_t i = 0; i < (size_t)BATCH * LEADS; i++)
		for (int t = 0; !f.keep[i] && t < small.samples; t++)
			f.x[i * (size_t)small.samples + (size_t)t] = i % 3 == 0	  ? NAN
								     : i % 3 == 1 ? 1e30f
										  : -INFINITY;

	tensors_zero_gradients(&f.d->tensors);
	step(&f, BATCH);
	assert_memory_equal(h, f.d->h, n_h * sizeof *h);
	assert_memory_equal(g, f.d->tensors.gradients, n * sizeof *g);
	free(h);
	free(g);
	fixture_free(&f);
}

static void every_kept_lead_changes_its_record_only(void **state)
{
	(void)state;
	struct fixture f = fixture_new(&small, 2, false);
	size_t dim = (size_t)f.d->dim;
	memset(f.keep, 1, 2 * LEADS);
	dualview_forward(f.d, 0, f.x, f.keep, 0, 2);

	float *h = copy(f.d->h, 2 * dim);
	for (int l = 0; l < LEADS; l++) {
		f.x[l * small.samples + 50] += 1;
		dualview_forward(f.d, 0, f.x, f.keep, 0, 2);
		assert_memory_not_equal(h, f.d->h, dim * sizeof *h);
		assert_memory_equal(h + dim, f.d->h + dim, dim * sizeof *h);
		memcpy(h, f.d->h, dim * sizeof *h);
	}

	free(h);
	fixture_free(&f);
}

static void a_masked_lead_is_not_silence(void **state)
{
	(void)state;
	const enum towers towers[] = {TOWERS_TIME, TOWERS_CHANNEL};
	for (int i = 0; i < 2; i++) {
		struct dualview_config c = small;
		c.towers = towers[i];
		struct fixture f = fixture_new(&c, 1, false);
		memset(f.x + 3 * c.samples, 0, (size_t)c.samples * sizeof *f.x);
		memset(f.keep, 1, LEADS);
		dualview_forward(f.d, 0, f.x, f.keep, 0, 1);
		float *silent = copy(f.d->h, (size_t)f.d->dim);
		f.keep[3] = 0;
		dualview_forward(f.d, 0, f.x, f.keep, 0, 1);
		assert_memory_not_equal(silent, f.d->h, (size_t)f.d->dim * sizeof *silent);
		free(silent);
		fixture_free(&f);
	}
}

static void no_mask_equals_all_leads_kept(void **state)
{
	(void)state;
	struct fixture f = fixture_new(&small, 3, false);
	size_t n = 3 * (size_t)f.d->dim;
	memset(f.keep, 1, 3 * LEADS);
	dualview_forward(f.d, 0, f.x, f.keep, 0, 3);
	float *h = copy(f.d->h, n);
	dualview_forward(f.d, 0, f.x, NULL, 0, 3);
	assert_memory_equal(h, f.d->h, n * sizeof *h);
	free(h);
	fixture_free(&f);
}

static void h_of_a_record_has_the_same_bits_alone_and_in_any_batch(void **state)
{
	(void)state;
	struct fixture f = fixture_new(&small, BATCH, true), one = fixture_new(&small, 1, false);
	size_t dim = (size_t)f.d->dim;
	dualview_forward(f.d, 0, f.x, f.keep, 0, BATCH);

	float *h = copy(f.d->h, BATCH * dim);
	for (size_t b = 0; b < BATCH; b++) {
		dualview_forward(one.d, 0, f.x + b * f.n_record, f.keep + b * LEADS, 0, 1);
		assert_memory_equal(h + b * dim, one.d->h, dim * sizeof *h);
	}

	for (int first = 1; first < BATCH; first += 7) {
		int n = BATCH - first;
		dualview_forward(f.d, 0, f.x + (size_t)first * f.n_record, f.keep + first * LEADS, 0, n);
		assert_memory_equal(h + (size_t)first * dim, f.d->h, (size_t)n * dim * sizeof *h);
	}

	free(h);
	fixture_free(&f);
	fixture_free(&one);
}

static void inference_gives_the_bits_of_training_in_less_memory(void **state)
{
	(void)state;
	for (int towers = TOWERS_TIME; towers <= TOWERS_BOTH; towers++) {
		struct dualview_config c = small;
		c.towers = (enum towers)towers;
		c.n_time_layers = c.n_channel_layers = c.n_cross = 2;
		struct fixture t = fixture_new(&c, BATCH, true), i = fixture_new(&c, BATCH, false);
		size_t d = BATCH * (size_t)c.d_model, n = BATCH * (size_t)t.d->dim;
		dualview_forward(t.d, 0, t.x, t.keep, 0, BATCH);
		dualview_forward(i.d, 0, t.x, t.keep, 0, BATCH);
		assert_memory_equal(t.d->h, i.d->h, n * sizeof(float));
		assert_int_equal(t.d->z_time != NULL, (towers & TOWERS_TIME) != 0);
		assert_int_equal(t.d->z_channel != NULL, (towers & TOWERS_CHANNEL) != 0);
		if (t.d->z_time)
			assert_memory_equal(t.d->z_time, i.d->z_time, d * sizeof(float));
		if (t.d->z_channel)
			assert_memory_equal(t.d->z_channel, i.d->z_channel, d * sizeof(float));
		assert_null(i.d->p);
		assert_true(i.d->arena_bytes < t.d->arena_bytes);
		fixture_free(&t);
		fixture_free(&i);
	}
}

static void gradients_accumulate_until_they_are_cleared(void **state)
{
	(void)state;
	struct fixture f = fixture_new(&small, BATCH, true);
	struct tensors *t = &f.d->tensors;
	step(&f, BATCH);

	float *once = copy(t->gradients, t->count);
	step(&f, BATCH);
	for (size_t i = 0; i < t->count; i++) {
		float want = 2 * once[i];
		if (!(fabsf(t->gradients[i] - want) <= 1e-4f * fabsf(want) + 1e-3f))
			fail_msg("%zu: %g, expected %g", i, (double)t->gradients[i], (double)want);
	}

	tensors_zero_gradients(t);
	step(&f, BATCH);
	assert_memory_equal(once, t->gradients, t->count * sizeof *once);
	free(once);
	fixture_free(&f);
}

static void padding_between_tensors_stays_zero(void **state)
{
	(void)state;
	struct fixture f = fixture_new(&small, 4, true);
	const struct tensors *t = &f.d->tensors;
	step(&f, 4);
	for (int i = 0; i < t->n; i++) {
		const struct tensor *s = &t->list[i];
		size_t next = i + 1 < t->n ? t->list[i + 1].offset : t->count;
		assert_int_equal(s->offset % 16, 0);
		for (size_t j = s->offset + s->count; j < next; j++)
			assert_true(t->weights[j] == 0 && t->gradients[j] == 0);
	}
	fixture_free(&f);
}

static void a_step_that_was_all_nan_leaves_no_trace_in_the_next(void **state)
{
	(void)state;
	struct fixture f = fixture_new(&small, BATCH, true), clean = fixture_new(&small, BATCH, true);
	size_t n = BATCH * f.n_record;
	struct tensors *t = &f.d->tensors;
	for (size_t i = 0; i < n; i++)
		f.x[i] = NAN;
	dualview_forward(f.d, 0, f.x, NULL, 0, BATCH);
	dualview_backward(f.d, 0, f.dp);
	assert_false(isfinite(f.ops->sum_squares(t->gradients, t->count)));
	tensors_zero_gradients(t);
	memcpy(f.x, clean.x, n * sizeof *f.x);
	step(&f, BATCH);
	step(&clean, BATCH);
	assert_memory_equal(f.d->h, clean.d->h, (size_t)BATCH * (size_t)f.d->dim * sizeof(float));
	assert_memory_equal(t->gradients, clean.d->tensors.gradients, t->count * sizeof(float));
	fixture_free(&f);
	fixture_free(&clean);
}

static double product(const float *a, const float *b, size_t n)
{
	double s = 0;
	for (size_t i = 0; i < n; i++)
		s += (double)a[i] * (double)b[i];
	return s;
}

/* How fast dp . p grows when a tensor moves along its gradient, which has this norm. */
static double slope_along_gradient(struct fixture *f, const struct tensor *t, double norm)
{
	float *w = f->d->tensors.weights + t->offset, *g = f->d->tensors.gradients + t->offset;
	float *old = copy(w, t->count);
	double distance = 0.01 / fmax(norm, 1), loss[2];
	for (int side = 0; side < 2; side++) {
		for (size_t j = 0; j < t->count; j++)
			w[j] = old[j] + (float)((side ? distance : -distance) * (double)g[j] / norm);
		dualview_forward(f->d, 0, f->x, f->keep, 0, 3);
		loss[side] = product(f->d->p, f->dp, 3 * N_OUT);
	}
	memcpy(w, old, t->count * sizeof *w);
	free(old);
	return (loss[1] - loss[0]) / (2 * distance);
}

static void gradients_agree_with_finite_differences(void **state)
{
	(void)state;
	struct fixture f = fixture_new(&small, 3, true);
	int n_checked = 0;
	step(&f, 3);

	for (int i = 0; i < f.d->tensors.n; i++) {
		const struct tensor *t = &f.d->tensors.list[i];
		const float *g = f.d->tensors.gradients + t->offset;
		double norm = sqrt(product(g, g, t->count));
		if (norm < 1e-3)
			continue; /* a bias before a norm over its own channel: no gradient to speak of */
		double slope = slope_along_gradient(&f, t, norm);
		if (!(fabs(slope - norm) <= 0.02 * norm + 2e-3))
			fail_msg("%s: slope %g, norm of gradient %g", t->name, slope, norm);
		n_checked++;
	}

	assert_true(n_checked > f.d->tensors.n * 9 / 10);
	fixture_free(&f);
}

static void backward_from_h_is_the_gradient_of_h(void **state)
{
	(void)state;
	struct dualview_config c = small;
	c.projector_out = 0;
	struct fixture f = fixture_new(&c, 3, true);
	assert_null(f.d->p);

	size_t n = 3 * (size_t)f.d->dim;
	float *dh = f.ops->alloc(n * sizeof *dh);
	for (size_t i = 0; i < n; i++)
		dh[i] = (float)(i % 7) - 3;
	dualview_forward(f.d, 0, f.x, f.keep, 0, 3);

	double before = product(f.d->h, dh, n), norm2;
	dualview_backward_h(f.d, 0, dh);
	norm2 = (double)f.ops->sum_squares(f.d->tensors.gradients, f.d->tensors.count);
	double distance = 1e-3 / sqrt(norm2);

	for (size_t i = 0; i < f.d->tensors.count; i++)
		f.d->tensors.weights[i] +=
			(float)(distance * (double)f.d->tensors.gradients[i] / sqrt(norm2));
	dualview_forward(f.d, 0, f.x, f.keep, 0, 3);

	double slope = (product(f.d->h, dh, n) - before) / distance;
	assert_true(fabs(slope / sqrt(norm2) - 1) < 0.05);
	f.ops->release(dh);
	fixture_free(&f);
}

static void outputs_survive_the_backward_pass(void **state)
{
	(void)state;
	struct fixture f = fixture_new(&small, 5, true);
	size_t n = 5 * (size_t)f.d->dim, d = 5 * (size_t)small.d_model;
	dualview_forward(f.d, 0, f.x, f.keep, 0, 5);

	float *h = copy(f.d->h, n), *p = copy(f.d->p, 5 * N_OUT), *zt = copy(f.d->z_time, d);
	float *zc = copy(f.d->z_channel, d), *alpha = copy(f.d->alpha, 10);
	dualview_backward(f.d, 0, f.dp);
	assert_memory_equal(h, f.d->h, n * sizeof *h);
	assert_memory_equal(p, f.d->p, 5 * N_OUT * sizeof *p);
	assert_memory_equal(zt, f.d->z_time, d * sizeof *zt);
	assert_memory_equal(zc, f.d->z_channel, d * sizeof *zc);
	assert_memory_equal(alpha, f.d->alpha, 10 * sizeof *alpha);
	free(h);
	free(p);
	free(zt);
	free(zc);
	free(alpha);
	fixture_free(&f);
}

static void attention_maps_are_distributions_and_equal_in_training_and_inference(void **state)
{
	(void)state;
	struct fixture t = fixture_new(&small, 3, true), i = fixture_new(&small, 3, false);
	int n = small.samples / 10;
	size_t n_map = 3 * (size_t)small.n_heads * (size_t)n * LEADS;
	float *maps = malloc(4 * n_map * sizeof *maps);
	dualview_forward(t.d, 0, t.x, t.keep, 0, 3);
	dualview_forward(i.d, 0, t.x, t.keep, 0, 3);

	float *h = copy(t.d->h, 3 * (size_t)t.d->dim);
	dualview_attention(t.d, maps, maps + n_map);
	dualview_attention(i.d, maps + 2 * n_map, maps + 3 * n_map);
	assert_memory_equal(maps, maps + 2 * n_map, 2 * n_map * sizeof *maps);
	assert_memory_equal(h, t.d->h, 3 * (size_t)t.d->dim * sizeof *h);

	const int width[2] = {LEADS, n};
	for (int m = 0; m < 2; m++)
		for (size_t row = 0; row < n_map / (size_t)width[m]; row++) {
			double sum = 0;
			for (int j = 0; j < width[m]; j++)
				sum += (double)maps[(size_t)m * n_map + row * (size_t)width[m] + (size_t)j];
			assert_true(fabs(sum - 1) < 1e-5);
		}

	dualview_backward(t.d, 0, t.dp); /* the maps leave the kept activations whole */
	struct fixture u = fixture_new(&small, 3, true);
	step(&u, 3);
	assert_memory_equal(t.d->tensors.gradients, u.d->tensors.gradients,
			    t.d->tensors.count * sizeof(float));
	free(maps);
	free(h);
	fixture_free(&t);
	fixture_free(&i);
	fixture_free(&u);
}

static void any_multiple_of_ten_samples_gives_finite_embeddings(void **state)
{
	(void)state;
	const int samples[] = {20, 30, 50, 130, 250, 500, 1000};
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct dualview_config c = small;
		c.samples = samples[i];
		struct fixture f = fixture_new(&c, 2, true);
		step(&f, 2);
		assert_true(isfinite(f.ops->sum_squares(f.d->h, 2 * (size_t)f.d->dim)));
		assert_true(isfinite(f.ops->sum_squares(f.d->tensors.gradients, f.d->tensors.count)));
		fixture_free(&f);
	}
}

static void silent_records_give_finite_embeddings_and_gradients(void **state)
{
	(void)state;
	struct fixture f = fixture_new(&small, 2, true);
	memset(f.x, 0, 2 * f.n_record * sizeof *f.x);
	step(&f, 2);
	assert_true(isfinite(f.ops->sum_squares(f.d->h, 2 * (size_t)f.d->dim)));
	assert_true(isfinite(f.ops->sum_squares(f.d->tensors.gradients, f.d->tensors.count)));
	fixture_free(&f);
}

static void initial_weights_depend_on_the_seed_alone(void **state)
{
	(void)state;
	struct dualview_config c = small;
	struct fixture a = fixture_new(&small, 1, true), b = fixture_new(&c, 1, false);
	for (int i = 0; i < b.d->tensors.n; i++) {
		const struct tensor *t = &b.d->tensors.list[i], *u = tensors_find(&a.d->tensors, t->name);
		assert_non_null(u);
		assert_memory_equal(a.d->tensors.weights + u->offset, b.d->tensors.weights + t->offset,
				    t->count * sizeof(float));
	}
	dualview_init(b.d, 8);
	assert_memory_not_equal(a.d->tensors.weights, b.d->tensors.weights, 1000);
	fixture_free(&a);
	fixture_free(&b);
}

/* Each matrix has the deviation docs/model.md gives it, and the tower's embeddings are of order one. */
static void initial_signals_are_well_scaled(void **state)
{
	(void)state;
	struct dualview_config c = {.samples = 500, .rate_hz = 100, .towers = TOWERS_BOTH};
	assert_int_equal(dualview_preset(&c, "tiny"), 0);
	struct fixture f = fixture_new(&c, 8, false);
	const struct tensor *t = tensors_find(&f.d->tensors, "time.layers.0.up.weight");
	double v = product(f.d->tensors.weights + t->offset, f.d->tensors.weights + t->offset, t->count) /
		   (double)t->count * 64;
	assert_true(v > 0.95 && v < 1.05);
	dualview_forward(f.d, 0, f.x, f.keep, 0, 8);
	v = product(f.d->z_time, f.d->z_time, 8 * 64) / (8 * 64);
	assert_true(v > 0.3 && v < 5);
	v = product(f.d->z_channel, f.d->z_channel, 8 * 64) / (8 * 64);
	assert_true(v > 0.3 && v < 5);
	assert_true(f.d->alpha[0] == 0.5f && f.d->alpha[1] == 0.5f);
	fixture_free(&f);
}

static void both_towers_have_squares_of_their_own(void **state)
{
	(void)state;
	for (int towers = TOWERS_TIME; towers <= TOWERS_BOTH; towers++) {
		struct dualview_config c = small;
		c.towers = (enum towers)towers;
		struct fixture f = fixture_new(&c, 3, true);
		const struct tensors *t = &f.d->tensors;
		float squares[2] = {0};
		double expected[2] = {0};
		step(&f, 3);
		for (int i = 0; i < t->n; i++)
			for (int k = 0; k < 2; k++)
				if (!strncmp(t->list[i].name, k ? "channel." : "time.", k ? 8 : 5))
					expected[k] += (double)f.ops->sum_squares(
						t->gradients + t->list[i].offset, t->list[i].count);
		dualview_gradient_squares(f.d, squares);
		for (int k = 0; k < 2; k++) {
			assert_int_equal(expected[k] > 0, (towers & (k ? TOWERS_CHANNEL : TOWERS_TIME)) != 0);
			assert_true(fabs((double)squares[k] - expected[k]) <= 1e-5 * expected[k]);
		}
		fixture_free(&f);
	}
}

static void a_configuration_that_cannot_be_is_refused_with_a_reason(void **state)
{
	(void)state;
	const struct dualview_config bad[] = {{.samples = 101}, {.samples = 0},		  {.rate_hz = -1},
					      {.d_model = 48},	{.n_heads = 5},		  {.n_cross = -1},
					      {.towers = 4},	{.projector_hidden = -1}, {.rate_hz = NAN}};
	struct error e = {0};
	assert_int_equal(dualview_config_check(&small, &e), 0);

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct dualview_config c = small;
		c.samples = i <= 1 ? bad[i].samples : c.samples;
		c.rate_hz = bad[i].rate_hz != 0 ? bad[i].rate_hz : c.rate_hz;
		c.d_model = bad[i].d_model ? bad[i].d_model : c.d_model;
		c.n_heads = bad[i].n_heads ? bad[i].n_heads : c.n_heads;
		c.n_cross = bad[i].n_cross ? bad[i].n_cross : c.n_cross;
		c.towers = bad[i].towers ? bad[i].towers : c.towers;
		c.projector_hidden = bad[i].projector_hidden ? bad[i].projector_hidden : c.projector_hidden;
		e = (struct error){0};
		assert_int_equal(dualview_config_check(&c, &e), -1);
		assert_true(strlen(e.text) > 10);
	}

	assert_int_equal(dualview_preset(&(struct dualview_config){0}, "huge"), -1);
}

/* ---- the same bits for any number of threads and any instruction set: this program, run again, prints a
 * digest ---- */

static uint64_t digest(const void *bytes, size_t n, uint64_t h)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;
	return h;
}

static int print_digest(void)
{
	struct dualview_config c = small;
	const int batch = 20;

	c.samples = 130;
	c.d_model = 64;
	struct fixture f = fixture_new(&c, batch, true);
	struct optimizer o;
	optimizer_init(&o, &f.d->tensors, &(struct optimizer_config){.weight_decay = 0.05f});

	uint64_t h = 14695981039346656037u;
	for (int i = 0; i < 2; i++) {
		step(&f, batch - i);
		h = digest(f.d->h, (size_t)(batch - i) * (size_t)f.d->dim * sizeof(float), h);
		h = digest(f.d->tensors.gradients, f.d->tensors.count * sizeof(float), h);
		optimizer_step(&o, 1e-3f);
		tensors_zero_gradients(&f.d->tensors);
	}

	h = digest(f.d->tensors.weights, f.d->tensors.count * sizeof(float), h);
	printf("%016llx\n", (unsigned long long)h);
	optimizer_release(&o);
	fixture_free(&f);

	return 0;
}

static void run_digest(char out[32], const char *isa, int threads)
{
	char command[256], self[160] = {0};
	assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
	snprintf(command, sizeof command, "EINTHOVEN_ISA=%s EINTHOVEN_THREADS=%d '%s' --digest", isa, threads,
		 self);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	assert_non_null(fgets(out, 32, f));
	assert_int_equal(pclose(f), 0);
}

static void two_steps_give_the_same_bits_for_any_threads_and_instruction_set(void **state)
{
	(void)state;
	char first[32], other[32];
	run_digest(first, "scalar", 1);
	run_digest(other, "scalar", 4);
	assert_string_equal(first, other);

	static const char *const sets[] = {"neon", "avx2", "avx512"};
	for (size_t k = 0; k < sizeof sets / sizeof *sets; k++) {
		for (int threads = 1; ops_cpu_named(sets[k]) && threads <= 4; threads *= 2) {
			run_digest(other, sets[k], threads);
			assert_string_equal(first, other);
		}
	}
}

/* docs/model.md, "Memory": most of it is 6 D floats a token and layer, of every block that waits for
 * its backward pass. */
static void training_keeps_no_more_than_the_docs_say(void **state)
{
	(void)state;
	struct dualview_config c = {.samples = 500, .rate_hz = 100, .towers = TOWERS_BOTH};
	dualview_preset(&c, "small");
	struct dualview *d = dualview_new(ops_cpu(), &c, 256, 4, 64, true);
	assert_true(d->arena_bytes < 419e6);
	dualview_free(d);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--digest"))
		return print_digest();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_masked_lead_reaches_neither_tokens_nor_gradients_whatever_it_holds),
		cmocka_unit_test(every_kept_lead_changes_its_record_only),
		cmocka_unit_test(a_masked_lead_is_not_silence),
		cmocka_unit_test(no_mask_equals_all_leads_kept),
		cmocka_unit_test(h_of_a_record_has_the_same_bits_alone_and_in_any_batch),
		cmocka_unit_test(training_keeps_no_more_than_the_docs_say),
		cmocka_unit_test(inference_gives_the_bits_of_training_in_less_memory),
		cmocka_unit_test(gradients_accumulate_until_they_are_cleared),
		cmocka_unit_test(padding_between_tensors_stays_zero),
		cmocka_unit_test(a_step_that_was_all_nan_leaves_no_trace_in_the_next),
		cmocka_unit_test(gradients_agree_with_finite_differences),
		cmocka_unit_test(backward_from_h_is_the_gradient_of_h),
		cmocka_unit_test(outputs_survive_the_backward_pass),
		cmocka_unit_test(attention_maps_are_distributions_and_equal_in_training_and_inference),
		cmocka_unit_test(any_multiple_of_ten_samples_gives_finite_embeddings),
		cmocka_unit_test(silent_records_give_finite_embeddings_and_gradients),
		cmocka_unit_test(initial_weights_depend_on_the_seed_alone),
		cmocka_unit_test(initial_signals_are_well_scaled),
		cmocka_unit_test(both_towers_have_squares_of_their_own),
		cmocka_unit_test(a_configuration_that_cannot_be_is_refused_with_a_reason),
		cmocka_unit_test(two_steps_give_the_same_bits_for_any_threads_and_instruction_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
