/* Pooling over time: the maximum of overlapping windows, and the mean over all of it. One
 * task is one record. */
#include <string.h>

#include "common/pool.h"
#include "kernels/cpu/table.h"
#include "kernels/cpu/vec.h"

struct timepool {
	float *y;
	int32_t *at;
	const float *x;
	const int32_t *kept_at;
	int t, c, k, stride, t_out;
};

static int left_of(int n, int j)
{
	return n - j < 16 ? n - j : 16;
}

static void max_task(void *context, int record)
{
	const struct timepool *p = context;
	size_t width = (size_t)p->c, body = (size_t)p->t_out * width;
	const float *x = p->x + (size_t)record * (size_t)p->t * width;
	float *y = p->y + (size_t)record * body;
	int32_t *at = p->at + (size_t)record * body;

	for (int i = 0; i < p->t_out; i++) {
		int from = i * p->stride - p->k / 2, end = from + p->k < p->t ? from + p->k : p->t;
		from = from > 0 ? from : 0;
		for (int j = 0; j < p->c; j += 16) {
			int left = left_of(p->c, j);
			v16 top = v_load_up_to(x + (size_t)from * width + j, left);
			i16 where = v_set_index(from);
			for (int s = from + 1; s < end; s++) {
				v16 v = v_load_up_to(x + (size_t)s * width + j, left);
				m16 is_larger = v_less(top, v);
				top = v_select(is_larger, v, top);
				where = v_select_index(is_larger, v_set_index(s), where);
			}
			v_store_up_to(y + (size_t)i * width + j, top, left);
			v_store_index_n(at + (size_t)i * width + j, where, left);
		}
	}
}

void ISA(timepool_max)(float *y, int32_t *at, const float *x, int batch, int t, int c, int k, int stride,
		       int t_out)
{
	struct timepool p = {
		.y = y, .at = at, .x = x, .t = t, .c = c, .k = k, .stride = stride, .t_out = t_out};
	pool_run(max_task, &p, batch);
}

static void max_backward_task(void *context, int record)
{
	const struct timepool *p = context;
	size_t width = (size_t)p->c, body = (size_t)p->t_out * width;
	float *dx = p->y + (size_t)record * (size_t)p->t * width;
	const float *dy = p->x + (size_t)record * body;
	const int32_t *at = p->kept_at + (size_t)record * body;
	memset(dx, 0, (size_t)p->t * width * sizeof *dx);
	for (size_t i = 0; i < body; i++)
		dx[(size_t)at[i] * width + i % width] += dy[i];
}

void ISA(timepool_max_backward)(float *dx, const float *dy, const int32_t *at, int batch, int t, int c,
				int t_out)
{
	struct timepool p = {.y = dx, .x = dy, .kept_at = at, .t = t, .c = c, .t_out = t_out};
	pool_run(max_backward_task, &p, batch);
}

static void mean_task(void *context, int record)
{
	const struct timepool *p = context;
	size_t width = (size_t)p->c;
	const float *x = p->x + (size_t)record * (size_t)p->t * width;
	for (int j = 0; j < p->c; j += 16) {
		int left = left_of(p->c, j);
		v16 sum = v_set(0);
		for (int i = 0; i < p->t; i++)
			sum = v_add(sum, v_load_up_to(x + (size_t)i * width + j, left));
		v_store_up_to(p->y + (size_t)record * width + j, v_div(sum, v_set((float)p->t)), left);
	}
}

void ISA(timepool_mean)(float *y, const float *x, int batch, int t, int c)
{
	struct timepool p = {.y = y, .x = x, .t = t, .c = c};
	pool_run(mean_task, &p, batch);
}

static void mean_backward_task(void *context, int record)
{
	const struct timepool *p = context;
	size_t width = (size_t)p->c;
	float *dx = p->y + (size_t)record * (size_t)p->t * width;
	for (int j = 0; j < p->c; j += 16) {
		int left = left_of(p->c, j);
		v16 share = v_div(v_load_up_to(p->x + (size_t)record * width + j, left), v_set((float)p->t));
		for (int i = 0; i < p->t; i++)
			v_store_up_to(dx + (size_t)i * width + j, share, left);
	}
}

void ISA(timepool_mean_backward)(float *dx, const float *dy, int batch, int t, int c)
{
	struct timepool p = {.y = dx, .x = dy, .t = t, .c = c};
	pool_run(mean_backward_task, &p, batch);
}
