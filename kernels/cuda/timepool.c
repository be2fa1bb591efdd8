/* Pooling over time of [B,T,C]: the maximum of overlapping windows, and the mean over all of it. */
#include "kernels/cuda/gpu.h"

struct timepool_args {
	float *y;
	int32_t *at;
	const float *x;
	const int32_t *kept_at;
	size_t size; /* threads' elements: [B,T_out,C], [B,T,C] or [B,C] */
	int t, c, k, stride, t_out;
};

KERNEL(max_time, timepool_args)
{
	size_t c = (size_t)a.c, t = (size_t)a.t;
	for (size_t i = FIRST; i < a.size; i += STRIDE) {
		const float *x = a.x + i / c / (size_t)a.t_out * t * c + i % c;
		int from = (int)(i / c % (size_t)a.t_out) * a.stride - a.k / 2;
		int end = from + a.k < a.t ? from + a.k : a.t;
		from = from > 0 ? from : 0;

		float top = x[(size_t)from * c];
		int32_t at = from;
		for (int s = from + 1; s < end; s++) {
			float v = x[(size_t)s * c];
			at = top < v ? s : at;
			top = top < v ? v : top;
		}
		a.y[i] = top;
		a.at[i] = at;
	}
}

/* A thread a record and channel: windows ascending. */
KERNEL(max_time_backward, timepool_args)
{
	size_t c = (size_t)a.c;
	for (size_t i = FIRST; i < a.size; i += STRIDE) {
		float *dx = a.y + i / c * (size_t)a.t * c + i % c;
		size_t first = i / c * (size_t)a.t_out * c + i % c;
		for (int t = 0; t < a.t; t++)
			dx[(size_t)t * c] = 0;
		for (int o = 0; o < a.t_out; o++) {
			size_t from = first + (size_t)o * c, to = (size_t)a.kept_at[from] * c;
			dx[to] = ADD(dx[to], a.x[from]);
		}
	}
}

KERNEL(mean_time, timepool_args)
{
	size_t c = (size_t)a.c;
	for (size_t i = FIRST; i < a.size; i += STRIDE) {
		const float *x = a.x + i / c * (size_t)a.t * c + i % c;
		float sum = 0;
		for (int t = 0; t < a.t; t++)
			sum = ADD(sum, x[(size_t)t * c]);
		a.y[i] = DIV(sum, (float)a.t);
	}
}

KERNEL(mean_time_backward, timepool_args)
{
	size_t c = (size_t)a.c;
	for (size_t i = FIRST; i < a.size; i += STRIDE)
		a.y[i] = DIV(a.x[i / c / (size_t)a.t * c + i % c], (float)a.t);
}

#if GPU_HOST
#include "kernels/cuda/device.h"
#include "kernels/cuda/table.h"

static size_t size_of(int batch, int t, int c)
{
	return (size_t)batch * (size_t)t * (size_t)c;
}

void timepool_max(float *y, int32_t *at, const float *x, int batch, int t, int c, int k, int stride,
		  int t_out)
{
	struct timepool_args a = {
		.y = y, .at = at, .x = x, .t = t, .c = c, .k = k, .stride = stride, .t_out = t_out};
	a.size = size_of(batch, t_out, c);
	LAUNCH(max_time, device_share(a.size), 256, &a);
}

void timepool_max_backward(float *dx, const float *dy, const int32_t *at, int batch, int t, int c, int t_out)
{
	struct timepool_args a = {.y = dx, .x = dy, .kept_at = at, .t = t, .c = c, .t_out = t_out};
	a.size = size_of(batch, 1, c);
	LAUNCH(max_time_backward, device_share(a.size), 256, &a);
}

void timepool_mean(float *y, const float *x, int batch, int t, int c)
{
	struct timepool_args a = {.y = y, .x = x, .t = t, .c = c, .size = size_of(batch, 1, c)};
	LAUNCH(mean_time, device_share(a.size), 256, &a);
}

void timepool_mean_backward(float *dx, const float *dy, int batch, int t, int c)
{
	struct timepool_args a = {.y = dx, .x = dy, .t = t, .c = c, .size = size_of(batch, t, c)};
	LAUNCH(mean_time_backward, device_share(a.size), 256, &a);
}
#endif
