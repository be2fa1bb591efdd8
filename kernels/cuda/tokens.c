/* Additions to and replacements of tokens [B,N,D]. A thread an element, but for sums. */
#include "kernels/cuda/gpu.h"

struct tokens_args {
	float *y;
	const float *x, *other;
	const uint8_t *keep;
	size_t size; /* B*N*D */
	int n, d;
};

KERNEL(add_position, tokens_args)
{
	size_t record = (size_t)a.n * (size_t)a.d;
	for (size_t i = FIRST; i < a.size; i += STRIDE)
		a.y[i] = ADD(a.x[i], a.other[i % record]);
}

KERNEL(add_record, tokens_args)
{
	size_t record = (size_t)a.n * (size_t)a.d, d = (size_t)a.d;
	for (size_t i = FIRST; i < a.size; i += STRIDE)
		a.y[i] = ADD(a.x[i], a.other[i / record * d + i % d]);
}

/* size: B*D */
KERNEL(add_record_backward, tokens_args)
{
	size_t d = (size_t)a.d;
	for (size_t i = FIRST; i < a.size; i += STRIDE) {
		const float *dy = a.x + i / d * (size_t)a.n * d + i % d;
		float sum = 0;
		for (int k = 0; k < a.n; k++)
			sum = ADD(sum, dy[(size_t)k * d]);
		a.y[i] = sum;
	}
}

KERNEL(mask_tokens, tokens_args)
{
	size_t d = (size_t)a.d;
	for (size_t i = FIRST; i < a.size; i += STRIDE)
		a.y[i] = a.keep[i / d] ? a.x[i] : a.other[i % d];
}

KERNEL(mask_tokens_backward, tokens_args)
{
	for (size_t i = FIRST; i < a.size; i += STRIDE)
		a.y[i] = a.keep[i / (size_t)a.d] ? a.x[i] : 0.0f;
}

#if GPU_HOST
#include "kernels/cuda/device.h"
#include "kernels/cuda/table.h"

static struct tokens_args args_of(float *y, const float *x, const float *other, int batch, int n, int d)
{
	size_t size = (size_t)batch * (size_t)n * (size_t)d;
	return (struct tokens_args){.y = y, .x = x, .other = other, .size = size, .n = n, .d = d};
}

void tokens_add_position(float *y, const float *x, const float *p, int batch, int n, int d)
{
	struct tokens_args a = args_of(y, x, p, batch, n, d);
	LAUNCH(add_position, device_share(a.size), 256, &a);
}

void tokens_add_position_backward(float *dp, const float *dy, int batch, int n, int d, struct by_block by)
{
	reduce_rows(dp, dy, batch, n * d, n * d, by);
}

void tokens_add_record(float *y, const float *x, const float *e, int batch, int n, int d)
{
	struct tokens_args a = args_of(y, x, e, batch, n, d);
	LAUNCH(add_record, device_share(a.size), 256, &a);
}

void tokens_add_record_backward(float *de, const float *dy, int batch, int n, int d)
{
	struct tokens_args a = args_of(de, dy, NULL, batch, n, d);
	a.size = (size_t)batch * (size_t)d;
	LAUNCH(add_record_backward, device_share(a.size), 256, &a);
}

void tokens_mask(float *y, const float *x, const uint8_t *keep, const float *token, int batch, int n, int d)
{
	struct tokens_args a = args_of(y, x, token, batch, n, d);
	a.keep = keep;
	LAUNCH(mask_tokens, device_share(a.size), 256, &a);
}

/* The sum first: dx may be dy. */
void tokens_mask_backward(float *dx, float *dtoken, const float *dy, const uint8_t *keep, int batch, int n,
			  int d, struct by_block by)
{
	struct tokens_args a = args_of(dx, dy, NULL, batch, n, d);
	a.keep = keep;
	by.rows *= n; /* of tokens */
	reduce_chosen_rows(dtoken, dy, keep, (size_t)batch * (size_t)n, d, d, by);
	LAUNCH(mask_tokens_backward, device_share(a.size), 256, &a);
}
#endif
