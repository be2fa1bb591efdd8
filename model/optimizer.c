#include "model/optimizer.h"

#include <math.h>
#include <stdlib.h>

#include "common/die.h"

enum { ALIKE = 16 }; /* floats: tensors begin at multiples of it */

static void list_decay(struct optimizer *o)
{
	const struct tensors *t = o->tensors;
	size_t n = t->count / ALIKE;
	uint8_t *has_decay = die_calloc(n, 1);
	for (int i = 0; i < t->n; i++)
		for (size_t at = t->list[i].offset; at < t->list[i].offset + t->list[i].count; at += ALIKE)
			has_decay[at / ALIKE] = t->list[i].has_decay;
	o->has_decay = t->ops->alloc(n);
	t->ops->upload(o->has_decay, has_decay, n);
	free(has_decay);
}

void optimizer_init(struct optimizer *o, struct tensors *t, const struct optimizer_config *c)
{
	size_t n_bytes = t->count * sizeof(float);
	*o = (struct optimizer){.tensors = t, .config = *c};
	if (o->config.beta1 == 0)
		o->config.beta1 = 0.9f;
	if (o->config.beta2 == 0)
		o->config.beta2 = 0.999f;
	if (o->config.eps == 0)
		o->config.eps = 1e-8f;
	if (o->config.max_norm == 0)
		o->config.max_norm = 1;
	o->m = t->ops->alloc(n_bytes);
	o->v = t->ops->alloc(n_bytes);
	list_decay(o);
}

void optimizer_release(struct optimizer *o)
{
	const struct ops *ops = o->tensors->ops;
	ops->release(o->m);
	ops->release(o->v);
	ops->release(o->has_decay);
	*o = (struct optimizer){0};
}

/* The padding between tensors has no gradient and stays 0. */
void optimizer_step_tensors(struct optimizer *o, int first, int end, float lr, float scale)
{
	const struct tensors *t = o->tensors;
	const struct optimizer_config *c = &o->config;
	size_t from = t->list[first].offset, to = end < t->n ? t->list[end].offset : t->count;
	t->ops->adamw(&(struct adamw){.n = to - from,
				      .w = t->weights + from,
				      .m = o->m + from,
				      .v = o->v + from,
				      .dw = t->gradients + from,
				      .has_decay = o->has_decay + from / ALIKE,
				      .lr = lr,
				      .beta1 = c->beta1,
				      .beta2 = c->beta2,
				      .eps = c->eps,
				      .weight_decay = c->weight_decay,
				      .scale = scale,
				      .step = o->n_steps});
}

float optimizer_step(struct optimizer *o, float lr)
{
	const struct tensors *t = o->tensors;
	float norm = sqrtf(t->ops->sum_squares(t->gradients, t->count)), limit = o->config.max_norm;
	if (!isfinite(norm)) {
		o->n_skipped++;
		return norm;
	}
	o->n_steps++;
	optimizer_step_tensors(o, 0, t->n, lr, norm > limit ? limit / norm : 1);
	return norm;
}
