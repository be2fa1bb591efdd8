#include "model/transformer.h"

#include <stdio.h>

static const char *joined(char out[64], const char *name, const char *part)
{
	snprintf(out, 64, "%s.%s", name, part);
	return out;
}

void transformer_declare(struct transformer_layer *l, struct tensors *t, const char *name, int d, int n_heads,
			 float residual_gain)
{
	char s[64];
	*l = (struct transformer_layer){.d = d, .n_heads = n_heads};
	l->norm1 = norm_declare(t, joined(s, name, "norm1"), d);
	l->qkv = linear_declare(t, joined(s, name, "attention.qkv"), d, 3 * d, 1);
	l->out = linear_declare(t, joined(s, name, "attention.out"), d, d, residual_gain);
	l->norm2 = norm_declare(t, joined(s, name, "norm2"), d);
	l->up = linear_declare(t, joined(s, name, "up"), d, 4 * d, 1);
	l->down = linear_declare(t, joined(s, name, "down"), 4 * d, d, residual_gain);
}

float *transformer_plan(struct transformer_layer *l, struct arena *a, float *x, int max_batch, int n,
			bool is_training, bool keeps_qkv)
{
	size_t rows = (size_t)max_batch * (size_t)n, d = (size_t)l->d;
	l->n = n;
	l->x = l->u = l->y = x;
	l->qkv_y = is_training || keeps_qkv ? arena_floats(a, rows * 3 * d) : NULL;
	l->lse = arena_floats(a, rows * (size_t)l->n_heads);
	l->is_training = is_training;
	l->attended = NULL;
	if (is_training) {
		l->attended = arena_floats(a, rows * d);
		l->u = arena_floats(a, rows * d);
		l->y = arena_floats(a, rows * d);
	}
	return l->y;
}

size_t transformer_plan_scratch(struct transformer_layer *l, struct arena *a, int max_batch)
{
	size_t rows = (size_t)max_batch * (size_t)l->n, d = (size_t)l->d;
	l->narrow = arena_floats(a, rows * d);
	l->wide = arena_floats(a, rows * 4 * d);
	l->stats = arena_floats(a, rows * 2);
	size_t end = arena_mark(a);
	l->before = l->is_training ? arena_floats(a, rows * 4 * d) : NULL;
	if (!l->attended)
		l->attended = l->narrow; /* norm1's output is dead once qkv is there */
	if (!l->qkv_y)
		l->qkv_y = l->wide;
	return end;
}

void transformer_project(const struct tensors *t, const struct transformer_layer *l, int batch)
{
	int rows = batch * l->n;
	norm_forward(t, &l->norm1, l->narrow, l->stats, l->x, rows);
	linear_forward(t, &l->qkv, l->qkv_y, l->narrow, rows, NULL);
}

static struct attention attention_of(const struct transformer_layer *l, const struct transformer_layer *keys,
				     int batch)
{
	int d = l->d;
	return (struct attention){.batch = batch,
				  .n = l->n,
				  .n_keys = keys->n,
				  .n_heads = l->n_heads,
				  .d_head = d / l->n_heads,
				  .q = l->qkv_y,
				  .k = keys->qkv_y + d,
				  .v = keys->qkv_y + 2 * d,
				  .ldq = 3 * d,
				  .ldk = 3 * d,
				  .ldv = 3 * d,
				  .out = l->attended,
				  .ldo = d,
				  .lse = l->lse};
}

void transformer_attend(const struct tensors *t, const struct transformer_layer *l,
			const struct transformer_layer *keys, int batch)
{
	struct attention a = attention_of(l, keys, batch);
	t->ops->attention(&a);
}

void transformer_map(const struct tensors *t, const struct transformer_layer *l,
		     const struct transformer_layer *keys, float *out, float *probability, int batch)
{
	struct attention a = attention_of(l, keys, batch);
	a.out = out;
	a.probability = probability;
	t->ops->attention(&a);
}

void transformer_finish(const struct tensors *t, const struct transformer_layer *l, int batch)
{
	int rows = batch * l->n;
	linear_forward(t, &l->out, l->u, l->attended, rows, l->x);
	norm_forward(t, &l->norm2, l->narrow, l->stats, l->u, rows);
	/* Wide operations are few: the product keeps GELU's argument, wanted or not, and applies it. */
	linear_forward_gelu(t, &l->up, l->wide, t->ops->is_wide ? l->before : NULL, l->narrow, rows);
	linear_forward(t, &l->down, l->y, l->wide, rows, l->u);
}

/* Leaves the gradient of `attended` in narrow. */
void transformer_finish_backward(const struct tensors *t, const struct transformer_layer *l, float *dx,
				 int batch)
{
	int rows = batch * l->n;
	norm_forward(t, &l->norm2, l->narrow, l->stats, l->u, rows);
	linear_forward_gelu(t, &l->up, l->wide, l->before, l->narrow, rows);
	linear_backward(t, &l->down, l->wide, dx, l->wide, rows, l->before);
	linear_backward(t, &l->up, l->narrow, l->wide, l->narrow, rows, NULL);
	norm_backward(t, &l->norm2, dx, l->narrow, l->u, l->stats, dx, rows);
	linear_backward(t, &l->out, l->narrow, dx, l->attended, rows, NULL);
}

/* The gradient of qkv_y is gathered in wide, [M,3D]. */
void transformer_attend_backward(const struct tensors *t, const struct transformer_layer *l,
				 const struct transformer_layer *keys, int batch)
{
	struct attention a = attention_of(l, keys, batch);
	a.dout = l->narrow;
	a.dq = l->wide;
	a.dk = keys->wide + l->d;
	a.dv = keys->wide + 2 * l->d;
	t->ops->attention_backward(&a);
}

void transformer_project_backward(const struct tensors *t, const struct transformer_layer *l, float *dx,
				  int batch)
{
	int rows = batch * l->n;
	norm_forward(t, &l->norm1, l->narrow, l->stats, l->x, rows);
	linear_backward(t, &l->qkv, l->narrow, l->wide, l->narrow, rows, NULL);
	norm_backward(t, &l->norm1, dx, l->narrow, l->x, l->stats, dx, rows);
}

void transformer_forward(const struct tensors *t, const struct transformer_layer *l, int batch)
{
	transformer_project(t, l, batch);
	transformer_attend(t, l, l, batch);
	transformer_finish(t, l, batch);
}

void transformer_backward(const struct tensors *t, const struct transformer_layer *l, float *dx, int batch)
{
	transformer_finish_backward(t, l, dx, batch);
	transformer_attend_backward(t, l, l, batch);
	transformer_project_backward(t, l, dx, batch);
}
