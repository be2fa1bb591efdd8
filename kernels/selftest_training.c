#include <math.h>

#include "kernels/selftest_parts.h"

static struct adamw adamw_of(struct selftest_arrays *a)
{
	return (struct adamw){.n = SIZE - 3,
			      .w = a->out[0],
			      .m = a->out[1],
			      .v = a->out[2],
			      .dw = a->in[2],
			      .lr = 1e-3f,
			      .beta1 = 0.9f,
			      .beta2 = 0.999f,
			      .eps = 1e-8f,
			      .weight_decay = 0.05f};
}

static void run_adamw(const struct ops *o, struct selftest_arrays *a)
{
	struct adamw w = adamw_of(a);
	w.scale = 0.7f;
	w.step = 3;
	selftest_copy(o, a->out[0], a->in[0]);
	selftest_copy(o, a->out[1], a->in[1]);
	o->adamw(&w);
}

/* Two steps: the second's loss is infinite, and it is not taken. */
static void run_decided(const struct ops *o, struct selftest_arrays *a)
{
	static const double bias[] = {0.1, 31.6, 0.19, 22.4};
	static const float endless[] = {INFINITY, 0.5f};
	float *squares = a->out[3], *row = squares + 8;
	int32_t *n_taken = (int32_t *)(void *)(squares + 32);
	struct decide d = {.loss = a->in[3],
			   .squares = squares,
			   .n_parts = 1,
			   .max_norm = 1,
			   .lr = 1e-3f,
			   .bias = (double *)(void *)a->scratch,
			   .n_taken = n_taken,
			   .rates = squares + 2,
			   .row = row};
	struct adamw w = adamw_of(a);
	w.rates = d.rates;

	selftest_copy(o, a->out[0], a->in[0]);
	o->upload(a->scratch, bias, sizeof bias);
	o->squares(squares, a->in[2], SIZE - 3);
	o->squares(squares + 1, a->in[2], WIDTH);
	o->decide(&d);
	o->adamw(&w);

	o->upload(a->scratch + SIZE, endless, sizeof endless);
	d.loss = a->scratch + SIZE;
	d.row = row + DECIDE_PARTS + 1;
	o->decide(&d);
	o->adamw(&w);
}

static void run_ntxent(const struct ops *o, struct selftest_arrays *a)
{
	struct ntxent l = {.n = ROWS,
			   .d = WIDTH,
			   .z = a->in[0],
			   .temperature = 0.2f,
			   .dz = a->out[0],
			   .result = a->out[1]};
	o->ntxent(&l, a->scratch);
}

/* Of many stretches: one sum in another order may agree by luck. */
static void run_sums(const struct ops *o, struct selftest_arrays *a)
{
	enum { N = 16 };
	float sums[N];
	for (int i = 0; i < N; i++)
		sums[i] = o->sum_squares(a->in[1] + i, SIZE - (size_t)(3 * i));
	o->upload(a->out[1], sums, sizeof sums);
	o->sum_rows(a->out[0], a->in[0], BATCH * ROWS, WIDTH, WIDTH, (struct by_block){ROWS, WIDTH + 3});
	o->sum_blocks(a->out[0] + 4 * WIDTH, a->in[1], 5, WIDTH);
	o->gelu_backward(a->out[2], a->in[0], a->in[1], SIZE);
	o->gelu(a->out[3], a->in[3], SIZE);
}

const struct selftest_part selftest_training[] = {{"adamw", run_adamw, false},
						  {"decide, squares or adamw by rates", run_decided, false},
						  {"ntxent", run_ntxent, false},
						  {"sum_rows, sum_squares or gelu", run_sums, false},
						  {0}};
