/* From tokens to one vector per record: mean and maximum over tokens, and the gate that weighs the two
 * towers. */
#include "common/pool.h"
#include "kernels/cpu/math.h"
#include "kernels/cpu/table.h"

struct pooling {
	float *y;
	int32_t *at;
	const float *x;
	const int32_t *kept_at, *numbers;
	int n, d;
};

/* A record's row of y and at. */
static size_t row_of(const struct pooling *p, int record)
{
	return (size_t)(p->numbers ? p->numbers[record] : record) * (size_t)p->d;
}

static void pool_task(void *context, int record)
{
	const struct pooling *p = context;
	const float *x = p->x + (size_t)record * (size_t)p->n * (size_t)p->d;
	float *mean = p->y + 2 * row_of(p, record), *largest = mean + p->d;
	v16 count = v_set((float)p->n);

	for (int j = 0; j < p->d; j += 16) {
		int left = p->d - j < 16 ? p->d - j : 16;
		v16 top = v_load_up_to(x + j, left), sum = v_add(v_set(0), top);
		i16 at = v_set_index(0);
		for (int i = 1; i < p->n; i++) {
			v16 v = v_load_up_to(x + (size_t)i * (size_t)p->d + j, left);
			m16 is_larger = v_less(top, v);
			sum = v_add(sum, v);
			top = v_select(is_larger, v, top);
			at = v_select_index(is_larger, v_set_index(i), at);
		}
		v_store_up_to(mean + j, v_div(sum, count), left);
		v_store_up_to(largest + j, top, left);
		v_store_index_n(p->at + row_of(p, record) + (size_t)j, at, left);
	}
}

void ISA(pooling_mean_max)(float *y, int32_t *at, const float *x, const int32_t *numbers, int batch, int n,
			   int d)
{
	struct pooling p = {.y = y, .at = at, .x = x, .numbers = numbers, .n = n, .d = d};
	pool_run(pool_task, &p, batch);
}

/* dx[n,d] = dmean[d] / N, plus dmax[d] where n is the maximum's index. */
static void pool_backward_task(void *context, int record)
{
	const struct pooling *p = context;
	const float *dmean = p->x + 2 * row_of(p, record), *dmax = dmean + p->d;
	const int32_t *at = p->kept_at + row_of(p, record);
	float *dx = p->y + (size_t)record * (size_t)p->n * (size_t)p->d;
	v16 count = v_set((float)p->n);
	for (int j = 0; j < p->d; j += 16) {
		v16 share = v_div(v_load_up_to(dmean + j, p->d - j), count);
		for (int i = 0; i < p->n; i++)
			v_store_up_to(dx + (size_t)i * (size_t)p->d + j, share, p->d - j);
	}
	for (int j = 0; j < p->d; j++)
		dx[(size_t)at[j] * (size_t)p->d + (size_t)j] += dmax[j];
}

void ISA(pooling_mean_max_backward)(float *dx, const float *dy, const int32_t *at, const int32_t *numbers,
				    int batch, int n, int d)
{
	struct pooling p = {.y = dx, .x = dy, .kept_at = at, .numbers = numbers, .n = n, .d = d};
	pool_run(pool_backward_task, &p, batch);
}

static float exp_of(float x)
{
	float lanes[16];
	v_store(lanes, v_exp(v_set(x)));
	return lanes[0];
}

struct gate {
	float *h, *alpha, *dzt, *dzc, *dlogits;
	const float *zt, *zc, *logits, *dh, *kept_alpha;
	int d;
};

static void scale_row(float *y, const float *x, float by, int d)
{
	for (int j = 0; j < d; j += 16)
		v_store_up_to(y + j, v_mul(v_load_up_to(x + j, d - j), v_set(by)), d - j);
}

static void gate_task(void *context, int record)
{
	const struct gate *g = context;
	size_t r = (size_t)record, d = (size_t)g->d;
	float l0 = g->logits[2 * r], l1 = g->logits[2 * r + 1], largest = l0 > l1 ? l0 : l1;
	float e0 = exp_of(l0 - largest), e1 = exp_of(l1 - largest), sum = e0 + e1;
	g->alpha[2 * r] = e0 / sum;
	g->alpha[2 * r + 1] = e1 / sum;
	scale_row(g->h + 2 * r * d, g->zt + r * d, g->alpha[2 * r], g->d);
	scale_row(g->h + (2 * r + 1) * d, g->zc + r * d, g->alpha[2 * r + 1], g->d);
}

void ISA(pooling_gate)(float *h, float *alpha, const float *zt, const float *zc, const float *logits,
		       int batch, int d)
{
	struct gate g = {.h = h, .alpha = alpha, .zt = zt, .zc = zc, .logits = logits, .d = d};
	pool_run(gate_task, &g, batch);
}

static float dot(const float *a, const float *b, int d)
{
	v16 sum = v_set(0);
	for (int j = 0; j < d; j += 16)
		sum = v_fma(v_load_up_to(a + j, d - j), v_load_up_to(b + j, d - j), sum);
	return v_sum(sum);
}

/* dz = alpha dh; dalpha_i = dh_i . z_i; dlogit_0 = alpha_0 alpha_1 (dalpha_0 - dalpha_1) = -dlogit_1. */
static void gate_backward_task(void *context, int record)
{
	const struct gate *g = context;
	size_t r = (size_t)record, d = (size_t)g->d;
	const float *dh0 = g->dh + 2 * r * d, *dh1 = dh0 + d;
	float a0 = g->kept_alpha[2 * r], a1 = g->kept_alpha[2 * r + 1];
	float slope = a0 * a1 * (dot(dh0, g->zt + r * d, g->d) - dot(dh1, g->zc + r * d, g->d));
	g->dlogits[2 * r] = slope;
	g->dlogits[2 * r + 1] = -slope;
	scale_row(g->dzt + r * d, dh0, a0, g->d);
	scale_row(g->dzc + r * d, dh1, a1, g->d);
}

void ISA(pooling_gate_backward)(float *dzt, float *dzc, float *dlogits, const float *dh, const float *zt,
				const float *zc, const float *alpha, int batch, int d)
{
	struct gate g = {.dzt = dzt,
			 .dzc = dzc,
			 .dlogits = dlogits,
			 .dh = dh,
			 .zt = zt,
			 .zc = zc,
			 .kept_alpha = alpha,
			 .d = d};
	pool_run(gate_backward_task, &g, batch);
}
