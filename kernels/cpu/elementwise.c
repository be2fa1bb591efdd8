/* Functions of one element at a time, shared out in blocks. */
#include "common/pool.h"
#include "kernels/cpu/math.h"
#include "kernels/cpu/table.h"

enum { BLOCK = 1 << 14 };

enum elementwise { ADD, GELU, GELU_BACKWARD, RELU, RELU_BACKWARD };

struct elementwise_arrays {
	float *y;
	const float *a, *b;
	size_t n;
	enum elementwise which;
};

INLINE v16 apply(enum elementwise which, v16 a, v16 b)
{
	const v16 zero = v_set(0);
	switch (which) {
	case ADD:
		return v_add(a, b);
	case GELU:
		return v_gelu(a);
	case GELU_BACKWARD:
		return v_mul(a, v_gelu_gradient(b));
	case RELU:
		return v_select(v_less(zero, a), a, zero);
	default:
		return v_select(v_less(zero, b), a, zero);
	}
}

INLINE void apply_block(enum elementwise which, float *y, const float *a, const float *b, size_t n)
{
	size_t i = 0;
	for (; i + 16 <= n; i += 16)
		v_store(y + i, apply(which, v_load(a + i), v_load(b + i)));
	if (i < n) {
		int left = (int)(n - i);
		v_store_n(y + i, apply(which, v_load_n(a + i, left), v_load_n(b + i, left)), left);
	}
}

static void block_task(void *context, int block)
{
	const struct elementwise_arrays *e = context;
	size_t from = (size_t)block * BLOCK, n = e->n - from < BLOCK ? e->n - from : BLOCK;
	float *y = e->y + from;
	const float *a = e->a + from, *b = e->b + from;

	switch (e->which) {
	case ADD:
		apply_block(ADD, y, a, b, n);
		break;
	case GELU:
		apply_block(GELU, y, a, a, n);
		break;
	case GELU_BACKWARD:
		apply_block(GELU_BACKWARD, y, a, b, n);
		break;
	case RELU:
		apply_block(RELU, y, a, a, n);
		break;
	case RELU_BACKWARD:
		apply_block(RELU_BACKWARD, y, a, b, n);
		break;
	}
}

static void run(enum elementwise which, float *y, const float *a, const float *b, size_t n)
{
	struct elementwise_arrays e = {y, a, b, n, which};
	pool_run(block_task, &e, (int)((n + BLOCK - 1) / BLOCK));
}

void ISA(elementwise_add)(float *y, const float *a, const float *b, size_t n)
{
	run(ADD, y, a, b, n);
}

/* For few elements: in this thread. */
void ISA(elementwise_divide)(float *y, const float *x, float by, size_t n)
{
	for (size_t i = 0; i < n; i += 16) {
		int left = n - i < 16 ? (int)(n - i) : 16;
		v_store_up_to(y + i, v_div(v_load_up_to(x + i, left), v_set(by)), left);
	}
}

struct mix_arrays {
	float *y;
	const float *x;
	float share;
	size_t n;
};

static void mix_task(void *context, int task)
{
	const struct mix_arrays *m = context;
	size_t first = (size_t)task * BLOCK, end = first + BLOCK < m->n ? first + BLOCK : m->n;
	for (size_t i = first; i < end; i += 16) {
		int left = end - i < 16 ? (int)(end - i) : 16;
		v16 y = v_load_up_to(m->y + i, left), x = v_load_up_to(m->x + i, left);
		v_store_up_to(m->y + i, v_fma(v_set(m->share), v_sub(x, y), y), left);
	}
}

void ISA(elementwise_mix)(float *y, const float *x, float share, size_t n)
{
	struct mix_arrays m = {y, x, share, n};
	pool_run(mix_task, &m, (int)((n + BLOCK - 1) / BLOCK));
}

void ISA(elementwise_gelu)(float *y, const float *x, size_t n)
{
	run(GELU, y, x, x, n);
}

void ISA(elementwise_gelu_backward)(float *dx, const float *dy, const float *x, size_t n)
{
	run(GELU_BACKWARD, dx, dy, x, n);
}

void ISA(elementwise_relu)(float *y, const float *x, size_t n)
{
	run(RELU, y, x, x, n);
}

void ISA(elementwise_relu_backward)(float *dx, const float *dy, const float *y, size_t n)
{
	run(RELU_BACKWARD, dx, dy, y, n);
}
