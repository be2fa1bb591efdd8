#include "model/norm.h"

static const float eps = 1e-5f;

struct norm norm_declare(struct tensors *t, const char *name, int d)
{
	struct norm n = {.d = d};
	n.weight = tensors_add(t, &(struct tensor){.shape = {d}, .start = 1}, "%s.weight", name);
	n.bias = tensors_add(t, &(struct tensor){.shape = {d}}, "%s.bias", name);
	return n;
}

void norm_forward(const struct tensors *t, const struct norm *n, float *y, float *stats, const float *x,
		  int rows)
{
	t->ops->layernorm(y, stats, stats + rows, x, tensors_weight(t, n->weight), tensors_weight(t, n->bias),
			  rows, n->d, eps);
}

void norm_backward(const struct tensors *t, const struct norm *n, float *dx, const float *dy, const float *x,
		   const float *stats, const float *dresidual, int rows)
{
	t->ops->layernorm_backward(dx, tensors_gradient(t, n->weight), tensors_gradient(t, n->bias), dy, x,
				   tensors_weight(t, n->weight), stats, stats + rows, dresidual, rows, n->d,
				   tensors_blocks(t, rows));
}
