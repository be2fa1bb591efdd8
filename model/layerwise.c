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

void layerwise_step(struct optimizer *o, const float *rate, float lr, float norm)
{
	float scale = norm > o->config.max_norm ? o->config.max_norm / norm : 1;
	int n = o->tensors->n;
	o->n_steps++;
	for (int first = 0, end; first < n; first = end) {
		end = first + 1;
		while (end < n && (!rate || rate[end] == rate[first]))
			end++;
		optimizer_step_tensors(o, first, end, rate ? lr * rate[first] : lr, scale);
	}
}
