#include <math.h>
#include <string.h>

#include "kernels/selftest_parts.h"

/* Twice, of which the second is kept: whoever keeps what belongs to a shape must not keep the bias. */
static void run_gemm(const struct ops *o, struct selftest_arrays *a)
{
	struct gemm g = {.m = ROWS,
			 .n = WIDTH,
			 .k = DEPTH,
			 .a = a->in[0],
			 .lda = ROWS,
			 .is_a_transposed = true,
			 .b = a->in[1],
			 .ldb = DEPTH,
			 .is_b_transposed = true,
			 .c = a->out[0],
			 .ldc = WIDTH,
			 .bias = a->in[2] + 8,
			 .before_gelu = a->out[1],
			 .residual = a->in[3]};
	o->gemm(&g);
	g.bias = a->in[2];
	o->gemm(&g);
}

/* Several blocks of k: rows of A and of B overlap, so that few numbers suffice. Items that extend one chain;
 * and C as its own residual. */
static void run_long_gemm(const struct ops *o, struct selftest_arrays *a)
{
	enum { M = 2, N = 33, K = 260 };
	struct gemm g = {.m = M, .n = N, .k = K, .a = a->in[0], .lda = 5, .b = a->in[1], .ldb = 4};
	g.c = a->out[0];
	g.ldc = N;
	g.is_accumulated = true;
	g.gelu_argument = a->in[3];
	g.batch = BATCH;
	g.stride_a = WIDTH;
	o->gemm(&g);
	g.is_accumulated = false;
	g.gelu_argument = NULL;
	g.batch = 0;
	selftest_copy(o, a->out[1], a->in[2]);
	g.residual = g.c = a->out[1];
	o->gemm(&g);
	o->gemm(&(struct gemm){.m = M,
			       .n = N,
			       .k = WIDTH,
			       .a = a->in[2],
			       .lda = WIDTH,
			       .b = a->in[3],
			       .ldb = N,
			       .c = a->out[2],
			       .ldc = N,
			       .batch = 3,
			       .last_k = 7,
			       .stride_a = 5,
			       .stride_b = 3,
			       .stride_c = M * N});
}

/* Items with strides, and such as extend one chain of old sums; GELU' of arguments; rows apart. */
static void run_items(const struct ops *o, struct selftest_arrays *a)
{
	struct gemm g = {.m = ROWS, .n = WIDTH, .k = DEPTH, .lda = DEPTH + 3, .ldb = WIDTH, .ldc = WIDTH};
	g.a = a->in[0];
	g.b = a->in[1];
	g.c = a->out[0];
	g.residual = a->in[3];
	g.batch = BATCH;
	g.stride_a = ROWS * (DEPTH + 3);
	g.stride_c = ROWS * WIDTH;
	o->gemm(&g);

	selftest_copy(o, a->out[1], a->in[2]);
	g.c = a->out[1];
	g.residual = NULL;
	g.stride_c = 0;
	g.is_accumulated = true;
	o->gemm(&g);

	g = (struct gemm){.m = ROWS, .n = DEPTH, .k = WIDTH, .lda = WIDTH, .ldb = DEPTH, .ldc = WIDTH};
	g.a = a->in[2];
	g.b = a->in[3];
	g.c = a->out[2];
	g.gelu_argument = a->in[0];
	o->gemm(&g);
}

/* The sizes of c on the arrays; no gradient of its input without is_data_wanted. */
static void run_conv1d(const struct ops *o, struct selftest_arrays *a, struct conv1d c, bool is_data_wanted)
{
	c.batch = BATCH + 1;
	c.x = a->in[0];
	c.w = a->in[1];
	c.bias = a->in[2];
	c.y = a->out[0];
	c.dy = a->in[3];
	c.dx = is_data_wanted ? a->out[1] : NULL;
	c.dw = a->out[2];
	c.dbias = a->out[3];
	c.scratch = a->scratch;
	c.sums = &(struct record_sums){.n = BATCH + 1, .most = 1, .n_blocks = BATCH + 1, .stride = SIZE / 4};
	o->conv1d(&c);
	o->conv1d_backward(&c);
}

static void run_conv(const struct ops *o, struct selftest_arrays *a)
{
	struct conv1d c = {.c_in = 3, .c_out = 17, .k = 5, .stride = 2, .t_out = 13, .t_pad = 30};
	run_conv1d(o, a, c, true);
}

/* The shape of a stem's first layer, which has tiles of its own (kernels/cpu/narrow.c). */
static void run_narrow_conv(const struct ops *o, struct selftest_arrays *a)
{
	struct conv1d c = {.c_in = 1, .c_out = 24, .k = 15, .stride = 2, .t_out = 17, .t_pad = 48};
	run_conv1d(o, a, c, false);
}

/* gemm is the last. */
const struct selftest_part selftest_products[] = {{"conv1d", run_conv, true},
						  {"conv1d of one channel", run_narrow_conv, true},
						  {"gemm of several blocks", run_long_gemm, true},
						  {"gemm of several items", run_items, true},
						  {"gemm", run_gemm, true},
						  {0}};

/* The product of run_gemm by the plain loop, before GELU. */
bool selftest_products_is_plain(const struct selftest_arrays *a)
{
	for (int i = 0; i < ROWS; i++) {
		for (int j = 0; j < WIDTH; j++) {
			float sum = 0;
			for (int k = 0; k < DEPTH; k++)
				sum = fmaf(a->in[0][k * ROWS + i], a->in[1][j * DEPTH + k], sum);
			sum += a->in[2][j];
			if (memcmp(&sum, &a->out[1][i * WIDTH + j], sizeof sum) != 0)
				return false;
		}
	}
	return true;
}
