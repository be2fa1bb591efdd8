#include "model/layerwise.h"

#include <math.h>

void layerwise_rates(float *rate, const struct encoder *net, float decay)
{
	for (int i = 0; i < net->tensors->n; i++) {
		rate[i] = 1;
		for (int k = encoder_depth(net, i); k < encoder_depths(&net->config) - 1; k++)
			rate[i] *= decay;
	}
}

float layerwise_norm(const struct optimizer *const *o, int n)
{
	float sum = 0;
	for (int i = 0; i < n; i++) {
		const struct tensors *t = o[i]->tensors;
		sum += t->ops->sum_squares(t->gradients, t->count);
	}
	return sqrtf(sum);
}

/* Tensors first..end-1 lie in a row; the padding between them has no gradient and stays 0. */
static void step_range(const struct optimizer *o, int first, int end, float lr, float scale)
{
	const struct tensors *t = o->tensors;
	const struct optimizer_config *c = &o->config;
	size_t from = t->list[first].offset, to = end < t->n ? t->list[end].offset : t->count;
	t->ops->adamw(&(struct adamw){.n = to - from,
				      .w = t->weights + from,
				      .m = o->m + from,
				      .v = o->v + from,
				      .dw = t->gradients + from,
				      .decay = o->decay + from,
				      .lr = lr,
				      .beta1 = c->beta1,
				      .beta2 = c->beta2,
				      .eps = c->eps,
				      .weight_decay = c->weight_decay,
				      .scale = scale,
				      .step = o->n_steps});
}

void layerwise_step(struct optimizer *o, const float *rate, float lr, float norm)
{
	float scale = norm > o->config.max_norm ? o->config.max_norm / norm : 1;
	int n = o->tensors->n;
	o->n_steps++;
	for (int first = 0, end; first < n; first = end) {
		end = first + 1;
		while (end < n && (!rate || rate[end] == rate[first]))
			end++;
		step_range(o, first, end, rate ? lr * rate[first] : lr, scale);
	}
}
