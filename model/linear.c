#include "model/linear.h"

#include <math.h>

struct linear linear_declare(struct tensors *t, const char *name, int n_in, int n_out, float gain)
{
	struct linear l = {.n_in = n_in, .n_out = n_out};
	l.weight = tensors_add(t,
			       &(struct tensor){.shape = {n_out, n_in},
						.spread = gain / sqrtf((float)n_in),
						.has_decay = true},
			       "%s.weight", name);
	l.bias = tensors_add(t, &(struct tensor){.shape = {n_out}}, "%s.bias", name);
	return l;
}

static struct gemm forward(const struct tensors *t, const struct linear *l, float *y, const float *x,
			   int rows)
{
	return (struct gemm){.m = rows,
			     .n = l->n_out,
			     .k = l->n_in,
			     .a = x,
			     .lda = l->n_in,
			     .b = tensors_weight(t, l->weight),
			     .ldb = l->n_in,
			     .is_b_transposed = true,
			     .c = y,
			     .ldc = l->n_out,
			     .bias = tensors_weight(t, l->bias)};
}

void linear_forward(const struct tensors *t, const struct linear *l, float *y, const float *x, int rows,
		    const float *residual)
{
	struct gemm g = forward(t, l, y, x, rows);
	g.residual = residual;
	t->ops->gemm(&g);
}

void linear_forward_gelu(const struct tensors *t, const struct linear *l, float *y, float *before,
			 const float *x, int rows)
{
	struct gemm g = forward(t, l, y, x, rows);
	g.before_gelu = before;
	t->ops->gemm(&g);
	if (!before)
		t->ops->gelu(y, y, (size_t)rows * (size_t)l->n_out);
}

void linear_backward(const struct tensors *t, const struct linear *l, float *dx, const float *dy,
		     const float *x, int rows, const float *before)
{
	tensors_product(t, (struct gemm){.m = l->n_out,
					 .n = l->n_in,
					 .k = rows,
					 .a = dy,
					 .lda = l->n_out,
					 .is_a_transposed = true,
					 .b = x,
					 .ldb = l->n_in,
					 .c = tensors_gradient(t, l->weight),
					 .ldc = l->n_in,
					 .is_accumulated = true});
	t->ops->sum_rows(tensors_gradient(t, l->bias), dy, rows, l->n_out, l->n_out, tensors_blocks(t, rows));

	if (dx)
		t->ops->gemm(&(struct gemm){.m = rows,
					    .n = l->n_in,
					    .k = l->n_out,
					    .a = dy,
					    .lda = l->n_out,
					    .b = tensors_weight(t, l->weight),
					    .ldb = l->n_in,
					    .c = dx,
					    .ldc = l->n_in,
					    .gelu_argument = before});
}
