/* Signals between the outside's [B,C,T] and the model's padded, time-major [B,T_pad,C]. A thread an
 * element. */
#include "kernels/cuda/gpu.h"

struct layout_args {
	float *y;
	const float *x;
	const uint8_t *keep;
	const int32_t *numbers;
	size_t n; /* elements of y */
	int c, t, pad, t_pad;
};

KERNEL(pack_signal, layout_args)
{
	for (size_t i = FIRST; i < a.n; i += STRIDE) {
		size_t c = i % (size_t)a.c, record = i / (size_t)a.c / (size_t)a.t_pad;
		size_t lead = (a.numbers ? (size_t)a.numbers[record] : record) * (size_t)a.c + c;
		int t = (int)(i / (size_t)a.c % (size_t)a.t_pad) - a.pad, is_kept = !a.keep || a.keep[lead];
		a.y[i] = is_kept && t >= 0 && t < a.t ? a.x[lead * (size_t)a.t + (size_t)t] : 0.0f;
	}
}

KERNEL(pad_time, layout_args)
{
	for (size_t i = FIRST; i < a.n; i += STRIDE) {
		size_t c = i % (size_t)a.c, record = i / (size_t)a.c / (size_t)a.t_pad;
		int t = (int)(i / (size_t)a.c % (size_t)a.t_pad) - a.pad;
		int is_inside = t >= 0 && t < a.t;
		a.y[i] = is_inside ? a.x[(record * (size_t)a.t + (size_t)t) * (size_t)a.c + c] : 0.0f;
	}
}

KERNEL(pad_time_backward, layout_args)
{
	for (size_t i = FIRST; i < a.n; i += STRIDE) {
		size_t c = i % (size_t)a.c, t = i / (size_t)a.c % (size_t)a.t;
		size_t record = i / (size_t)a.c / (size_t)a.t;
		a.y[i] = a.x[(record * (size_t)a.t_pad + (size_t)a.pad + t) * (size_t)a.c + c];
	}
}

#if GPU_HOST
#include "kernels/cuda/device.h"
#include "kernels/cuda/table.h"

static size_t size_of(int batch, int t, int c)
{
	return (size_t)batch * (size_t)t * (size_t)c;
}

void layout_pack_signal(float *y, const float *x, const uint8_t *keep, const int32_t *numbers, int batch,
			int c, int t, int pad, int t_pad)
{
	size_t n = size_of(batch, t_pad, c);
	LAUNCH(pack_signal, device_share(n), 256,
	       &((struct layout_args){y, x, keep, numbers, n, c, t, pad, t_pad}));
}

void layout_pad_time(float *y, const float *x, int batch, int t, int c, int pad, int t_pad)
{
	size_t n = size_of(batch, t_pad, c);
	LAUNCH(pad_time, device_share(n), 256,
	       &((struct layout_args){y, x, NULL, NULL, n, c, t, pad, t_pad}));
}

void layout_pad_time_backward(float *dx, const float *dy, int batch, int t, int c, int pad, int t_pad)
{
	size_t n = size_of(batch, t, c);
	LAUNCH(pad_time_backward, device_share(n), 256,
	       &((struct layout_args){dx, dy, NULL, NULL, n, c, t, pad, t_pad}));
}
#endif
