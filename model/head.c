#include "model/head.h"

#include <stdio.h>

void head_declare(struct head *h, struct tensors *t, const char *name, int d)
{
	char s[64];
	*h = (struct head){.d = d};
	snprintf(s, sizeof s, "%s.head.norm", name);
	h->norm = norm_declare(t, s, d);
	snprintf(s, sizeof s, "%s.head.embedding", name);
	h->linear = linear_declare(t, s, 2 * d, d, 1);
}

void head_plan(struct head *h, struct arena *a, int max_batch, int n)
{
	size_t b = (size_t)max_batch, d = (size_t)h->d;
	h->n = n;
	h->pooled = arena_floats(a, b * 2 * d);
	h->at = arena_take(a, b * d * sizeof *h->at);
}

void head_plan_scratch(struct head *h, struct arena *a, int max_batch)
{
	size_t rows = (size_t)max_batch * (size_t)h->n, d = (size_t)h->d;
	h->dpooled = arena_floats(a, (size_t)max_batch * 2 * d);
	h->narrow = arena_floats(a, rows * d);
	h->stats = arena_floats(a, rows * 2);
}

void head_forward(const struct tensors *t, const struct head *h, int batch)
{
	norm_forward(t, &h->norm, h->narrow, h->stats, h->x, batch * h->n);
	t->ops->pool_mean_max(h->pooled, h->at, h->narrow, NULL, batch, h->n, h->d);
	linear_forward(t, &h->linear, h->z, h->pooled, batch, NULL);
}

void head_backward(const struct tensors *t, const struct head *h, float *dx, const float *dz, int batch)
{
	linear_backward(t, &h->linear, h->dpooled, dz, h->pooled, batch, NULL);
	norm_forward(t, &h->norm, h->narrow, h->stats, h->x, batch * h->n);
	t->ops->pool_mean_max_backward(h->narrow, h->dpooled, h->at, NULL, batch, h->n, h->d);
	norm_backward(t, &h->norm, dx, h->narrow, h->x, h->stats, NULL, batch * h->n);
}

void head_gate_declare(struct head_gate *g, struct tensors *t, const char *name, int d)
{
	*g = (struct head_gate){.d = d};
	g->weight =
		tensors_add(t, &(struct tensor){.shape = {2, 2 * d}, .has_decay = true}, "%s.weight", name);
	g->bias = tensors_add(t, &(struct tensor){.shape = {2}}, "%s.bias", name);
}

void head_gate_plan_scratch(struct head_gate *g, struct arena *a, int max_batch)
{
	size_t b = (size_t)max_batch;
	g->logits = arena_floats(a, 2 * b);
	g->dlogits = arena_floats(a, 2 * b);
}

/* logits [B,2] = (or +=) z W[:, side]^T, side 0: time's columns, 1: channel's. */
static void add_logits(const struct tensors *t, const struct head_gate *g, const float *z, int side,
		       int batch)
{
	t->ops->gemm(&(struct gemm){.m = batch,
				    .n = 2,
				    .k = g->d,
				    .a = z,
				    .lda = g->d,
				    .b = tensors_weight(t, g->weight) + side * g->d,
				    .ldb = 2 * g->d,
				    .is_b_transposed = true,
				    .c = g->logits,
				    .ldc = 2,
				    .is_accumulated = side == 1,
				    .bias = side == 1 ? tensors_weight(t, g->bias) : NULL});
}

void head_gate_forward(const struct tensors *t, const struct head_gate *g, const float *zt, const float *zc,
		       int batch)
{
	add_logits(t, g, zt, 0, batch);
	add_logits(t, g, zc, 1, batch);
	t->ops->gate(g->h, g->alpha, zt, zc, g->logits, batch, g->d);
}

static void add_logits_backward(const struct tensors *t, const struct head_gate *g, float *dz, const float *z,
				int side, int batch)
{
	int d = g->d;
	tensors_product(t, (struct gemm){.m = 2,
					 .n = d,
					 .k = batch,
					 .a = g->dlogits,
					 .lda = 2,
					 .is_a_transposed = true,
					 .b = z,
					 .ldb = d,
					 .c = tensors_gradient(t, g->weight) + side * d,
					 .ldc = 2 * d,
					 .is_accumulated = true});

	t->ops->gemm(&(struct gemm){.m = batch,
				    .n = d,
				    .k = 2,
				    .a = g->dlogits,
				    .lda = 2,
				    .b = tensors_weight(t, g->weight) + side * d,
				    .ldb = 2 * d,
				    .c = dz,
				    .ldc = d,
				    .is_accumulated = true});
}

void head_gate_backward(const struct tensors *t, const struct head_gate *g, float *dzt, float *dzc,
			const float *dh, const float *zt, const float *zc, int batch)
{
	t->ops->gate_backward(dzt, dzc, g->dlogits, dh, zt, zc, g->alpha, batch, g->d);
	add_logits_backward(t, g, dzt, zt, 0, batch);
	add_logits_backward(t, g, dzc, zc, 1, batch);
	t->ops->sum_rows(tensors_gradient(t, g->bias), g->dlogits, batch, 2, 2, tensors_blocks(t, batch));
}
