/* Additions to and replacements of tokens [B,N,D]. One task is one record. */
#include <string.h>

#include "common/pool.h"
#include "kernels/cpu/reduce.h"
#include "kernels/cpu/table.h"

struct tokens {
	float *y;
	const float *x, *other;
	const uint8_t *keep;
	float *dtoken;
	int batch, n, d;
	struct by_block by; /* of tokens */
};

static void add_row(float *y, const float *a, const float *b, int d)
{
	for (int j = 0; j < d; j += 16)
		v_store_up_to(y + j, v_add(v_load_up_to(a + j, d - j), v_load_up_to(b + j, d - j)), d - j);
}

static void add_position_task(void *context, int record)
{
	const struct tokens *t = context;
	size_t at = (size_t)record * (size_t)t->n * (size_t)t->d;
	add_row(t->y + at, t->x + at, t->other, t->n * t->d);
}

void ISA(tokens_add_position)(float *y, const float *x, const float *p, int batch, int n, int d)
{
	struct tokens t = {.y = y, .x = x, .other = p, .n = n, .d = d};
	pool_run(add_position_task, &t, batch);
}

void ISA(tokens_add_position_backward)(float *dp, const float *dy, int batch, int n, int d,
				       struct by_block by)
{
	ISA(reduce_rows)(dp, dy, batch, n * d, n * d, by);
}

static void add_record_task(void *context, int record)
{
	const struct tokens *t = context;
	for (int i = 0; i < t->n; i++) {
		size_t at = ((size_t)record * (size_t)t->n + (size_t)i) * (size_t)t->d;
		add_row(t->y + at, t->x + at, t->other + (size_t)record * (size_t)t->d, t->d);
	}
}

void ISA(tokens_add_record)(float *y, const float *x, const float *e, int batch, int n, int d)
{
	struct tokens t = {.y = y, .x = x, .other = e, .n = n, .d = d};
	pool_run(add_record_task, &t, batch);
}

static void add_record_backward_task(void *context, int record)
{
	const struct tokens *t = context;
	const float *dy = t->x + (size_t)record * (size_t)t->n * (size_t)t->d;
	float *de = t->y + (size_t)record * (size_t)t->d;
	for (int j = 0; j < t->d; j += 16) {
		v16 sum = v_set(0);
		for (int i = 0; i < t->n; i++)
			sum = v_add(sum, v_load_up_to(dy + (size_t)i * (size_t)t->d + j, t->d - j));
		v_store_up_to(de + j, sum, t->d - j);
	}
}

void ISA(tokens_add_record_backward)(float *de, const float *dy, int batch, int n, int d)
{
	struct tokens t = {.y = de, .x = dy, .n = n, .d = d};
	pool_run(add_record_backward_task, &t, batch);
}

static void mask_task(void *context, int record)
{
	const struct tokens *t = context;
	for (int i = 0; i < t->n; i++) {
		size_t token = (size_t)record * (size_t)t->n + (size_t)i, at = token * (size_t)t->d;
		const float *from = t->keep[token] ? t->x + at : t->other;
		if (from != t->y + at)
			memcpy(t->y + at, from, (size_t)t->d * sizeof *from);
	}
}

void ISA(tokens_mask)(float *y, const float *x, const uint8_t *keep, const float *token, int batch, int n,
		      int d)
{
	struct tokens t = {.y = y, .x = x, .other = token, .keep = keep, .n = n, .d = d};
	pool_run(mask_task, &t, batch);
}

/* to[width] += sum of masked rows first..end-1 from column j on, in chunks of 64 rows of all (a kept row adds
 * nothing). */
static void token_gradient(const struct tokens *t, float *to, int j, int width, size_t first, size_t end)
{
	struct reduce r;
	r.n_chunks = 0;
	r.depth = 0;
	for (size_t from = first; from < end; from += REDUCE_ROWS) {
		float part[REDUCE_COLUMNS] = {0};
		for (size_t i = from; i < from + REDUCE_ROWS && i < end; i++)
			for (int c = 0; c < width && !t->keep[i]; c++)
				part[c] += t->x[i * (size_t)t->d + (size_t)(j + c)];
		reduce_push(&r, part);
	}

	const float *sum = reduce_end(&r);
	for (int c = 0; c < width; c++)
		to[c] += sum[c];
}

static void token_gradient_task(void *context, int task)
{
	const struct tokens *t = context;
	int j = task * REDUCE_COLUMNS, width = t->d - j < REDUCE_COLUMNS ? t->d - j : REDUCE_COLUMNS;
	size_t m = (size_t)t->batch * (size_t)t->n, step = (size_t)t->by.rows;
	float *to = t->dtoken + j;
	for (size_t first = 0; first < m; first += step, to += t->by.stride)
		token_gradient(t, to, j, width, first, m - first < step ? m : first + step);
}

static void mask_backward_task(void *context, int record)
{
	const struct tokens *t = context;
	for (int i = 0; i < t->n; i++) {
		size_t token = (size_t)record * (size_t)t->n + (size_t)i, at = token * (size_t)t->d;
		if (!t->keep[token])
			memset(t->y + at, 0, (size_t)t->d * sizeof *t->y);
		else if (t->y != t->x)
			memcpy(t->y + at, t->x + at, (size_t)t->d * sizeof *t->y);
	}
}

void ISA(tokens_mask_backward)(float *dx, float *dtoken, const float *dy, const uint8_t *keep, int batch,
			       int n, int d, struct by_block by)
{
	struct tokens t = {.y = dx, .x = dy, .keep = keep, .dtoken = dtoken, .batch = batch, .n = n, .d = d};
	t.by = (struct by_block){(by.rows ? by.rows : batch) * n, by.stride};
	pool_run(token_gradient_task, &t, (d + REDUCE_COLUMNS - 1) / REDUCE_COLUMNS);
	pool_run(mask_backward_task, &t, batch);
}
