/* Signals between the outside's [B,C,T] and the model's padded, time-major [B,T_pad,C]. */
#include <string.h>

#include "common/pool.h"
#include "kernels/cpu/table.h"

struct layout {
	float *y;
	const float *x;
	const uint8_t *keep;
	const int32_t *numbers;
	int c, t, pad, t_pad;
};

static void pack_task(void *context, int record)
{
	const struct layout *l = context;
	size_t lead = (size_t)(l->numbers ? l->numbers[record] : record) * (size_t)l->c;
	const float *x = l->x + lead * (size_t)l->t;
	float *y = l->y + (size_t)record * (size_t)l->t_pad * (size_t)l->c;
	memset(y, 0, (size_t)l->t_pad * (size_t)l->c * sizeof *y);
	for (int c = 0; c < l->c; c++) {
		if (l->keep && !l->keep[lead + (size_t)c])
			continue;
		for (int t = 0; t < l->t; t++)
			y[(size_t)(l->pad + t) * (size_t)l->c + (size_t)c] =
				x[(size_t)c * (size_t)l->t + (size_t)t];
	}
}

void ISA(layout_pack_signal)(float *y, const float *x, const uint8_t *keep, const int32_t *numbers, int batch,
			     int c, int t, int pad, int t_pad)
{
	struct layout l = {y, x, keep, numbers, c, t, pad, t_pad};
	pool_run(pack_task, &l, batch);
}

static void pad_task(void *context, int record)
{
	const struct layout *l = context;
	size_t row = (size_t)l->c, front = (size_t)l->pad * row, body = (size_t)l->t * row;
	float *y = l->y + (size_t)record * (size_t)l->t_pad * row;
	memset(y, 0, front * sizeof *y);
	memcpy(y + front, l->x + (size_t)record * body, body * sizeof *y);
	memset(y + front + body, 0, ((size_t)l->t_pad * row - front - body) * sizeof *y);
}

void ISA(layout_pad_time)(float *y, const float *x, int batch, int t, int c, int pad, int t_pad)
{
	struct layout l = {y, x, NULL, NULL, c, t, pad, t_pad};
	pool_run(pad_task, &l, batch);
}

static void unpad_task(void *context, int record)
{
	const struct layout *l = context;
	size_t row = (size_t)l->c, body = (size_t)l->t * row;
	memcpy(l->y + (size_t)record * body,
	       l->x + ((size_t)record * (size_t)l->t_pad + (size_t)l->pad) * row, body * sizeof *l->y);
}

void ISA(layout_pad_time_backward)(float *dx, const float *dy, int batch, int t, int c, int pad, int t_pad)
{
	struct layout l = {dx, dy, NULL, NULL, c, t, pad, t_pad};
	pool_run(unpad_task, &l, batch);
}
