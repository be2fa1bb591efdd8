/* Functions of one element at a time. In place each thread reads what it writes. */
#include "kernels/cuda/math.h"

struct elementwise_args {
	float *y;
	const float *a, *b;
	float by;
	size_t n;
};

KERNEL(add, elementwise_args)
{
	for (size_t i = FIRST; i < a.n; i += STRIDE)
		a.y[i] = ADD(a.a[i], a.b[i]);
}

KERNEL(divide, elementwise_args)
{
	for (size_t i = FIRST; i < a.n; i += STRIDE)
		a.y[i] = DIV(a.a[i], a.by);
}

KERNEL(mix, elementwise_args)
{
	for (size_t i = FIRST; i < a.n; i += STRIDE)
		a.y[i] = FMA(a.by, SUB(a.a[i], a.y[i]), a.y[i]);
}

KERNEL(gelu, elementwise_args)
{
	for (size_t i = FIRST; i < a.n; i += STRIDE)
		a.y[i] = gelu_of(a.a[i]);
}

KERNEL(gelu_backward, elementwise_args)
{
	for (size_t i = FIRST; i < a.n; i += STRIDE)
		a.y[i] = MUL(a.a[i], gelu_gradient_of(a.b[i]));
}

KERNEL(relu, elementwise_args)
{
	for (size_t i = FIRST; i < a.n; i += STRIDE)
		a.y[i] = 0.0f < a.a[i] ? a.a[i] : 0.0f;
}

KERNEL(relu_backward, elementwise_args)
{
	for (size_t i = FIRST; i < a.n; i += STRIDE)
		a.y[i] = 0.0f < a.b[i] ? a.a[i] : 0.0f;
}

#if GPU_HOST
#include "kernels/cuda/device.h"
#include "kernels/cuda/table.h"

void elementwise_add(float *y, const float *a, const float *b, size_t n)
{
	LAUNCH(add, device_share(n), 256, &((struct elementwise_args){y, a, b, 0, n}));
}

void elementwise_divide(float *y, const float *x, float by, size_t n)
{
	LAUNCH(divide, device_share(n), 256, &((struct elementwise_args){y, x, x, by, n}));
}

void elementwise_mix(float *y, const float *x, float share, size_t n)
{
	LAUNCH(mix, device_share(n), 256, &((struct elementwise_args){y, x, x, share, n}));
}

void elementwise_gelu(float *y, const float *x, size_t n)
{
	LAUNCH(gelu, device_share(n), 256, &((struct elementwise_args){y, x, x, 0, n}));
}

void elementwise_gelu_backward(float *dx, const float *dy, const float *x, size_t n)
{
	LAUNCH(gelu_backward, device_share(n), 256, &((struct elementwise_args){dx, dy, x, 0, n}));
}

void elementwise_relu(float *y, const float *x, size_t n)
{
	LAUNCH(relu, device_share(n), 256, &((struct elementwise_args){y, x, x, 0, n}));
}

void elementwise_relu_backward(float *dx, const float *dy, const float *y, size_t n)
{
	LAUNCH(relu_backward, device_share(n), 256, &((struct elementwise_args){dx, dy, y, 0, n}));
}
#endif
