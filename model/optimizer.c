#include "model/optimizer.h"

#include <math.h>

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
}

void optimizer_release(struct optimizer *o)
{
	const struct ops *ops = o->tensors->ops;
	ops->release(o->m);
	ops->release(o->v);
	*o = (struct optimizer){0};
}

/* The same decay for all of them. The padding between tensors has no gradient and stays 0. */
static void step_alike(const struct optimizer *o, int first, int end, float lr, float scale)
{
	const struct tensors *t = o->tensors;
	const struct optimizer_config *c = &o->config;
	size_t from = t->list[first].offset, to = end < t->n ? t->list[end].offset : t->count;
	t->ops->adamw(&(struct adamw){.n = to - from,
				      .w = t->weights + from,
				      .m = o->m + from,
				      .v = o->v + from,
				      .dw = t->gradients + from,
				      .lr = lr,
				      .beta1 = c->beta1,
				      .beta2 = c->beta2,
				      .eps = c->eps,
				      .weight_decay = t->list[first].has_decay ? c->weight_decay : 0,
				      .scale = scale,
				      .step = o->n_steps});
}

void optimizer_step_tensors(struct optimizer *o, int first, int end, float lr, float scale)
{
	const struct tensor *list = o->tensors->list;
	for (int next; first < end; first = next) {
		next = first + 1;
		while (next < end && list[next].has_decay == list[first].has_decay)
			next++;
		step_alike(o, first, next, lr, scale);
	}
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
