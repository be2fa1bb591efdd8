#include "model/projector.h"

#include <stdio.h>

void projector_declare(struct projector *p, struct tensors *t, const char *name, int n_in, int n_hidden,
		       int n_out)
{
	char s[64];
	*p = (struct projector){.n_in = n_in, .n_hidden = n_hidden, .n_out = n_out};
	const int width[4] = {n_in, n_hidden, n_hidden, n_out};
	for (int i = 0; i < 3; i++) {
		snprintf(s, sizeof s, "%s.linear%d", name, i + 1);
		p->linear[i] = linear_declare(t, s, width[i], width[i + 1], 1);
		snprintf(s, sizeof s, "%s.norm%d", name, i + 1);
		if (i < 2)
			p->norm[i] = norm_declare(t, s, n_hidden);
	}
}

void projector_plan(struct projector *p, struct arena *a, int max_batch)
{
	size_t b = (size_t)max_batch, hidden = (size_t)p->n_hidden;
	for (int i = 0; i < 2; i++) {
		p->y[i] = arena_floats(a, b * hidden);
		p->r[i] = arena_floats(a, b * hidden);
		p->stats[i] = arena_floats(a, 2 * b);
	}
}

void projector_plan_scratch(struct projector *p, struct arena *a, int max_batch)
{
	size_t b = (size_t)max_batch;
	p->dr = arena_floats(a, b * (size_t)p->n_hidden);
	p->dh = arena_floats(a, b * (size_t)p->n_in);
}

struct projector projector_part(const struct projector *p, int first)
{
	struct projector part = *p;
	size_t row = (size_t)first;
	for (int i = 0; i < 2; i++) {
		part.y[i] += row * (size_t)p->n_hidden;
		part.r[i] += row * (size_t)p->n_hidden;
		part.stats[i] += 2 * row;
	}
	return part;
}

void projector_forward(const struct tensors *t, const struct projector *p, const float *h, int batch)
{
	const float *x = h;
	for (int i = 0; i < 2; i++) {
		linear_forward(t, &p->linear[i], p->y[i], x, batch, NULL);
		norm_forward(t, &p->norm[i], p->r[i], p->stats[i], p->y[i], batch);
		t->ops->relu(p->r[i], p->r[i], (size_t)batch * (size_t)p->n_hidden);
		x = p->r[i];
	}
	linear_forward(t, &p->linear[2], p->p, x, batch, NULL);
}

float *projector_backward(const struct tensors *t, const struct projector *p, const float *dp, const float *h,
			  int batch)
{
	linear_backward(t, &p->linear[2], p->dr, dp, p->r[1], batch, NULL);
	for (int i = 1; i >= 0; i--) {
		t->ops->relu_backward(p->dr, p->dr, p->r[i], (size_t)batch * (size_t)p->n_hidden);
		/* r is no longer needed: the norm's input gradient takes its place */
		norm_backward(t, &p->norm[i], p->r[i], p->dr, p->y[i], p->stats[i], NULL, batch);
		if (i)
			linear_backward(t, &p->linear[i], p->dr, p->r[i], p->r[i - 1], batch, NULL);
		else
			linear_backward(t, &p->linear[i], p->dh, p->r[i], h, batch, NULL);
	}
	return p->dh;
}
