#include "model/tensors.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "model/blocks.h"
#include "numbers/philox.h"

enum { ALIGN = 16 }; /* floats */

/* Deviation of a standard normal cut at +-2: sqrt(1 - 4 phi(2) / (2 Phi(2) - 1)). */
static const double cut_deviation = 0.87962566103423978;

void tensors_init(struct tensors *t, const struct ops *ops)
{
	*t = (struct tensors){.ops = ops};
}

void tensors_release(struct tensors *t)
{
	if (t->weights)
		t->ops->release(t->weights);
	if (t->gradients)
		t->ops->release(t->gradients);
	free(t->list);
	*t = (struct tensors){.ops = t->ops};
}

int tensors_add(struct tensors *t, const struct tensor *like, const char *format, ...)
{
	struct tensor new = *like;
	va_list va;

	va_start(va, format);
	int length = vsnprintf(new.name, sizeof new.name, format, va);
	va_end(va);
	if (length < 0 || (size_t)length >= sizeof new.name || t->weights || tensors_find(t, new.name))
		BUG("tensor's name is too long or taken, or the arrays are allocated");
	new.count = 1;
	for (int i = 0; i < 4 && new.shape[i]; i++)
		new.count *= (size_t) new.shape[i];
	new.offset = t->count;
	t->count += (new.count + ALIGN - 1) / ALIGN * ALIGN;
	t->list = die_realloc(t->list, (size_t)(t->n + 1) * sizeof *t->list);
	t->list[t->n] = new;

	return t->n++;
}

void tensors_alloc(struct tensors *t, bool with_gradients)
{
	t->weights = t->ops->alloc(t->count * sizeof *t->weights);
	if (with_gradients)
		t->gradients = t->ops->alloc(t->count * sizeof *t->gradients);
	tensors_aim(t, t->gradients, 0);
}

static void draw(float *w, const struct tensor *t, struct philox *r)
{
	for (size_t i = 0; i < t->count; i++) {
		double z = 0;
		if (t->spread != 0)
			do
				z = philox_normal(r);
			while (fabs(z) > 2);
		w[i] = (float)(t->start + t->spread * (z / cut_deviation));
	}
}

void tensors_draw(struct tensors *t, uint64_t seed)
{
	float *w = die_calloc(t->count, sizeof *w);
	for (int i = 0; i < t->n; i++) {
		struct philox r = philox_open(seed, PURPOSE_INIT, (uint64_t)i, 0);
		draw(w + t->list[i].offset, &t->list[i], &r);
	}
	t->ops->upload(t->weights, w, t->count * sizeof *w);
	free(w);
}

const struct tensor *tensors_find(const struct tensors *t, const char *name)
{
	for (int i = 0; i < t->n; i++)
		if (!strcmp(t->list[i].name, name))
			return &t->list[i];
	return NULL;
}

float *tensors_weight(const struct tensors *t, int i)
{
	return t->weights + t->list[i].offset;
}

float *tensors_gradient(const struct tensors *t, int i)
{
	return t->aim + (t->list[i].offset - t->aim_first);
}

void tensors_aim(struct tensors *t, float *p, size_t first)
{
	tensors_aim_blocks(t, p, first, 0, 0);
}

void tensors_aim_blocks(struct tensors *t, float *p, size_t first, size_t stride, int n_views)
{
	t->aim = p;
	t->aim_first = first;
	t->aim_stride = stride;
	t->n_views = n_views;
}

struct by_block tensors_blocks(const struct tensors *t, int rows)
{
	if (!t->n_views)
		return (struct by_block){0};
	return (struct by_block){rows / t->n_views * BLOCKS_VIEWS, t->aim_stride};
}

void tensors_product(const struct tensors *t, struct gemm g)
{
	struct by_block by = tensors_blocks(t, g.k);
	if (by.rows) {
		g.batch = (g.k + by.rows - 1) / by.rows;
		g.last_k = g.k - (g.batch - 1) * by.rows;
		g.k = by.rows;
		g.stride_a = (size_t)by.rows * (size_t)g.lda;
		g.stride_b = (size_t)by.rows * (size_t)g.ldb;
		g.stride_c = by.stride;
	}
	t->ops->gemm(&g);
}

void tensors_zero_gradients(struct tensors *t)
{
	t->ops->zero(t->gradients, t->count * sizeof *t->gradients);
}
