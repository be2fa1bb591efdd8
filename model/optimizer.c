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
	o->decay = tensors_decay_mask(t);
}

void optimizer_release(struct optimizer *o)
{
	const struct ops *ops = o->tensors->ops;
	ops->release(o->m);
	ops->release(o->v);
	ops->release(o->decay);
	*o = (struct optimizer){0};
}

float optimizer_step(struct optimizer *o, float lr)
{
	struct tensors *t = o->tensors;
	const struct optimizer_config *c = &o->config;
	float norm = sqrtf(t->ops->sum_squares(t->gradients, t->count));
	if (!isfinite(norm)) {
		o->n_skipped++;
		return norm;
	}
	t->ops->adamw(&(struct adamw){.n = t->count,
				      .w = t->weights,
				      .m = o->m,
				      .v = o->v,
				      .dw = t->gradients,
				      .decay = o->decay,
				      .lr = lr,
				      .beta1 = c->beta1,
				      .beta2 = c->beta2,
				      .eps = c->eps,
				      .weight_decay = c->weight_decay,
				      .scale = norm > c->max_norm ? c->max_norm / norm : 1,
				      .step = ++o->n_steps});
	return norm;
}
