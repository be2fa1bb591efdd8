/* From tokens to one vector per record: mean and maximum over tokens, a thread a column; and the gate that
 * weighs the two towers, half a warp a record. */
#include "kernels/cuda/reduce.h"

struct pooling_args {
	float *y;
	int32_t *at;
	const float *x;
	const int32_t *kept_at, *numbers;
	size_t size; /* threads' elements: B*D */
	int n, d;
};

/* A record's row of y and at. */
DEV size_t row_of(const struct pooling_args *a, size_t record)
{
	return a->numbers ? (size_t)a->numbers[record] : record;
}

KERNEL(pool_mean_max, pooling_args)
{
	size_t d = (size_t)a.d;
	for (size_t i = FIRST; i < a.size; i += STRIDE) {
		const float *x = a.x + i / d * (size_t)a.n * d + i % d;
		float top = x[0], sum = ADD(0.0f, top);
		int32_t at = 0;
		for (int k = 1; k < a.n; k++) {
			float v = x[(size_t)k * d];
			sum = ADD(sum, v);
			at = top < v ? k : at;
			top = top < v ? v : top;
		}
		size_t row = row_of(&a, i / d);
		a.y[row * 2 * d + i % d] = DIV(sum, (float)a.n);
		a.y[(row * 2 + 1) * d + i % d] = top;
		a.at[row * d + i % d] = at;
	}
}

KERNEL(pool_mean_max_backward, pooling_args)
{
	size_t d = (size_t)a.d;
	for (size_t i = FIRST; i < a.size; i += STRIDE) {
		float *dx = a.y + i / d * (size_t)a.n * d + i % d;
		size_t row = row_of(&a, i / d);
		float share = DIV(a.x[row * 2 * d + i % d], (float)a.n),
		      most = a.x[(row * 2 + 1) * d + i % d];
		int at = a.kept_at[row * d + i % d];
		for (int k = 0; k < a.n; k++)
			dx[(size_t)k * d] = k == at ? ADD(share, most) : share;
	}
}

struct gate_args {
	float *h, *alpha, *dzt, *dzc, *dlogits;
	const float *zt, *zc, *logits, *dh, *kept_alpha;
	int batch, d;
};

KERNEL(gate, gate_args)
{
	size_t r = FIRST / LANES, d = (size_t)a.d;
	if (r >= (size_t)a.batch)
		return;
	float l0 = a.logits[2 * r], l1 = a.logits[2 * r + 1], largest = larger(l0, l1);
	float e0 = exp_of(SUB(l0, largest)), e1 = exp_of(SUB(l1, largest)), sum = ADD(e0, e1);
	float a0 = DIV(e0, sum), a1 = DIV(e1, sum);

	for (size_t j = (size_t)lane_of(); j < d; j += LANES) {
		a.h[2 * r * d + j] = MUL(a.zt[r * d + j], a0);
		a.h[(2 * r + 1) * d + j] = MUL(a.zc[r * d + j], a1);
	}
	if (lane_of() == 0) {
		a.alpha[2 * r] = a0;
		a.alpha[2 * r + 1] = a1;
	}
}

DEV float dot(const float *x, const float *y, int d)
{
	float sum = 0;
	for (int j = lane_of(); j < d; j += LANES)
		sum = FMA(x[j], y[j], sum);
	return lanes_sum(sum);
}

KERNEL(gate_backward, gate_args)
{
	size_t r = FIRST / LANES, d = (size_t)a.d;
	if (r >= (size_t)a.batch)
		return;
	const float *dh0 = a.dh + 2 * r * d, *dh1 = dh0 + d;
	float a0 = a.kept_alpha[2 * r], a1 = a.kept_alpha[2 * r + 1];
	float difference = SUB(dot(dh0, a.zt + r * d, a.d), dot(dh1, a.zc + r * d, a.d));
	float slope = MUL(MUL(a0, a1), difference);

	for (size_t j = (size_t)lane_of(); j < d; j += LANES) {
		a.dzt[r * d + j] = MUL(dh0[j], a0);
		a.dzc[r * d + j] = MUL(dh1[j], a1);
	}
	if (lane_of() == 0) {
		a.dlogits[2 * r] = slope;
		a.dlogits[2 * r + 1] = -slope;
	}
}

#if GPU_HOST
#include "kernels/cuda/device.h"
#include "kernels/cuda/table.h"

void pooling_mean_max(float *y, int32_t *at, const float *x, const int32_t *numbers, int batch, int n, int d)
{
	struct pooling_args a = {.y = y, .at = at, .x = x, .numbers = numbers, .n = n, .d = d};
	a.size = (size_t)batch * (size_t)d;
	LAUNCH(pool_mean_max, device_share(a.size), 256, &a);
}

void pooling_mean_max_backward(float *dx, const float *dy, const int32_t *at, const int32_t *numbers,
			       int batch, int n, int d)
{
	struct pooling_args a = {.y = dx, .x = dy, .kept_at = at, .numbers = numbers, .n = n, .d = d};
	a.size = (size_t)batch * (size_t)d;
	LAUNCH(pool_mean_max_backward, device_share(a.size), 256, &a);
}

void pooling_gate(float *h, float *alpha, const float *zt, const float *zc, const float *logits, int batch,
		  int d)
{
	struct gate_args a = {
		.h = h, .alpha = alpha, .zt = zt, .zc = zc, .logits = logits, .batch = batch, .d = d};
	LAUNCH(gate, device_blocks((size_t)batch, 128 / LANES), 128, &a);
}

void pooling_gate_backward(float *dzt, float *dzc, float *dlogits, const float *dh, const float *zt,
			   const float *zc, const float *alpha, int batch, int d)
{
	struct gate_args a = {.dzt = dzt,
			      .dzc = dzc,
			      .dlogits = dlogits,
			      .dh = dh,
			      .zt = zt,
			      .zc = zc,
			      .kept_alpha = alpha,
			      .batch = batch,
			      .d = d};
	LAUNCH(gate_backward, device_blocks((size_t)batch, 128 / LANES), 128, &a);
}
#endif
