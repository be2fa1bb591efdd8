#include "model/predictor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/die.h"
#include "model/tokenizer.h"

static void declare(struct predictor *p)
{
	const struct predictor_config *c = &p->config;
	float gain = 1 / sqrtf(2.0f * (float)(c->n_layers ? c->n_layers : 1));
	char name[64];

	tensors_init(&p->tensors, p->ops);
	p->in = linear_declare(&p->tensors, "predictor.in", c->d, c->d, 1);
	p->mask = tensors_add(&p->tensors, &(struct tensor){.shape = {c->d}, .spread = 0.02f},
			      "predictor.mask");
	p->layers = die_calloc((size_t)c->n_layers + 1, sizeof *p->layers);
	for (int i = 0; i < c->n_layers; i++) {
		snprintf(name, sizeof name, "predictor.layers.%d", i);
		transformer_declare(&p->layers[i], &p->tensors, name, c->d, c->n_heads, gain);
	}
	p->norm = norm_declare(&p->tensors, "predictor.norm", c->d);
	p->out = linear_declare(&p->tensors, "predictor.out", c->d, c->width, 1);
	tensors_alloc(&p->tensors, true);
}

static void plan(struct predictor *p, struct arena *a, int max_views)
{
	const struct predictor_config *c = &p->config;
	size_t d = (size_t)c->d, rows = (size_t)max_views * (size_t)c->n;

	p->position = arena_floats(a, (size_t)c->n * d);
	p->zeros = arena_floats(a, d);
	p->x = arena_floats(a, rows * d);
	p->hidden = arena_floats(a, rows * d);
	p->normed = arena_floats(a, rows * d);
	p->stats = arena_floats(a, rows * 2);
	p->dx = arena_floats(a, rows * d);
	p->rows = arena_floats(a, rows * d);
	p->error = arena_floats(a, rows * (size_t)c->width);

	float *x = p->x;
	for (int i = 0; i < c->n_layers; i++)
		x = transformer_plan(&p->layers[i], a, x, max_views, c->n, true, false);
	size_t mark = arena_mark(a);
	for (int i = 0; i < c->n_layers; i++) {
		arena_back(a, mark);
		transformer_plan_scratch(&p->layers[i], a, max_views);
	}
}

static void set_positions(struct predictor *p)
{
	const struct predictor_config *c = &p->config;
	size_t n_bytes = (size_t)c->n * (size_t)c->d * sizeof(float);
	float *position = die_malloc(n_bytes);
	tokenizer_position(position, c->n, c->d, c->rate_hz);
	p->ops->upload(p->position, position, n_bytes);
	free(position);
}

struct predictor *predictor_new(const struct ops *ops, const struct predictor_config *c, int max_views)
{
	struct predictor *p = die_calloc(1, sizeof *p);
	struct arena a = {0};
	p->ops = ops;
	p->config = *c;
	declare(p);
	plan(p, &a, max_views);
	a = (struct arena){.base = p->memory = ops->alloc(a.peak)};
	plan(p, &a, max_views);
	set_positions(p);
	return p;
}

void predictor_free(struct predictor *p)
{
	if (!p)
		return;
	p->ops->release(p->memory);
	tensors_release(&p->tensors);
	free(p->layers);
	free(p);
}

float *predictor_forward(struct predictor *p, const float *z, const float *minus, const struct hiding *h,
			 int n_views)
{
	const struct tensors *t = &p->tensors;
	const struct predictor_config *c = &p->config;
	int d = c->d, n_hidden = n_views * (h->n - h->n_seen);
	const float *y = p->x;

	linear_forward(t, &p->in, p->rows, z, n_views * h->n_seen, NULL);
	hiding_gather(p->ops, p->x, p->rows, h->place, n_views * h->n, d);
	p->ops->mask_tokens(p->x, p->x, h->is_seen, tensors_weight(t, p->mask), n_views, h->n, d);
	p->ops->add_position(p->x, p->x, p->position, n_views, h->n, d);
	for (int i = 0; i < c->n_layers; i++) {
		transformer_forward(t, &p->layers[i], n_views);
		y = p->layers[i].y;
	}

	hiding_gather(p->ops, p->hidden, y, h->hidden, n_hidden, d);
	norm_forward(t, &p->norm, p->normed, p->stats, p->hidden, n_hidden);
	linear_forward(t, &p->out, p->error, p->normed, n_hidden, minus);
	return p->error;
}

void predictor_backward(struct predictor *p, float *dz, const float *dy, const float *z,
			const struct hiding *h, int n_views)
{
	const struct tensors *t = &p->tensors;
	const struct predictor_config *c = &p->config;
	int d = c->d, n_hidden = n_views * (h->n - h->n_seen);

	linear_backward(t, &p->out, p->rows, dy, p->normed, n_hidden, NULL);
	norm_backward(t, &p->norm, p->normed, p->rows, p->hidden, p->stats, NULL, n_hidden);
	hiding_gather(p->ops, p->dx, p->normed, h->place, n_views * h->n, d);
	p->ops->mask_tokens(p->dx, p->dx, h->is_hidden, p->zeros, n_views, h->n, d);
	for (int i = c->n_layers - 1; i >= 0; i--)
		transformer_backward(t, &p->layers[i], p->dx, n_views);

	p->ops->mask_tokens_backward(p->dx, tensors_gradient(t, p->mask), p->dx, h->is_seen, n_views, h->n, d,
				     tensors_blocks(t, n_views));
	hiding_gather(p->ops, p->rows, p->dx, h->seen, n_views * h->n_seen, d);
	linear_backward(t, &p->in, dz, p->rows, z, n_views * h->n_seen, NULL);
}
