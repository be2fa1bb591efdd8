#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "kernels/selftest.h"
#include "numbers/philox.h"

enum { N_IN = 70000, N_OUT = 16 * 130 * 130 };

/* In the table's memory: only its operations read and write them. */
struct arrays {
	float in[N_IN], out[N_OUT];
};

/* More rows and columns than half a tile of 128, and 64 such tiles. */
static void run_product(const struct ops *o, struct arrays *a)
{
	enum { SIDE = 130, K = 5 };
	o->gemm(&(struct gemm){.m = SIDE,
			       .n = SIDE,
			       .k = K,
			       .a = a->in,
			       .lda = K,
			       .b = a->in + N_IN / 2,
			       .ldb = SIDE,
			       .c = a->out,
			       .ldc = SIDE,
			       .batch = N_OUT / SIDE / SIDE,
			       .stride_a = SIDE * K + 3,
			       .stride_c = SIDE * SIDE});
}

/* Trees over chunks: of 64 rows, of so many that they have no place in shared memory, of 4,096 squares. */
static void run_sums(const struct ops *o, struct arrays *a)
{
	enum { FEW = 200, WIDTH = 3, MANY = 25000 };
	float squares = o->sum_squares(a->in, 9000);
	o->sum_rows(a->out, a->in, FEW, WIDTH, WIDTH, (struct by_block){0});
	o->sum_rows(a->out + WIDTH, a->in, MANY, 1, 1, (struct by_block){0});
	o->upload(a->out + WIDTH + 1, &squares, sizeof squares);
}

static void run_layernorm(const struct ops *o, struct arrays *a)
{
	enum { M = 12400, D = 2 };
	float *y = a->out, *dx = y + M * D, *mean = dx + M * D, *rstd = mean + M, *dw = rstd + M;
	const float *x = a->in, *dy = x + M * D, *w = dy + M * D, *b = w + D;
	o->layernorm(y, mean, rstd, x, w, b, M, D, 1e-5f);
	o->layernorm_backward(dx, dw, dw + D, dy, x, w, mean, rstd, NULL, M, D, (struct by_block){0});
}

static void run_groupnorm(const struct ops *o, struct arrays *a)
{
	enum { BATCH = 3, T = 150, C = 6, GROUPS = 2, SIZE = BATCH * T * C };
	struct groupnorm n = {.batch = BATCH,
			      .t = T,
			      .c = C,
			      .groups = GROUPS,
			      .eps = 1e-5f,
			      .x = a->in,
			      .dy = a->in + SIZE,
			      .w = a->in + 2 * SIZE,
			      .b = a->in + 2 * SIZE + C,
			      .y = a->out,
			      .before_gelu = a->out + SIZE,
			      .dx = a->out + 2 * SIZE,
			      .mean = a->out + 3 * SIZE};
	n.rstd = n.mean + BATCH * GROUPS;
	n.dw = n.rstd + BATCH * GROUPS;
	n.db = n.dw + C;
	o->groupnorm_gelu(&n);
	o->groupnorm_gelu_backward(&n);
}

/* Three chunks of records. */
static void run_conv(const struct ops *o, struct arrays *a)
{
	enum { BATCH = 40, T_PAD = 11, C_IN = 2, C_OUT = 5, K = 3, T_OUT = 5 };
	struct conv1d c = {.batch = BATCH,
			   .t_pad = T_PAD,
			   .c_in = C_IN,
			   .c_out = C_OUT,
			   .k = K,
			   .stride = 2,
			   .t_out = T_OUT,
			   .x = a->in,
			   .w = a->in + N_IN / 2,
			   .dy = a->in + N_IN / 4,
			   .y = a->out,
			   .dx = a->out + BATCH * T_OUT * C_OUT};
	c.dw = c.dx + BATCH * T_PAD * C_IN;
	c.dbias = c.dw + C_OUT * K * C_IN;
	c.scratch = o->alloc(o->conv1d_scratch(&c) * sizeof(float));
	o->conv1d(&c);
	o->conv1d_backward(&c);
	o->release(c.scratch);
}

/* More scores than shared memory holds. */
static void run_attention(const struct ops *o, struct arrays *a)
{
	enum { N = 120, HEADS = 2, D = 4, WIDTH = HEADS * D, SIZE = N * WIDTH };
	struct attention t = {.batch = 1,
			      .n = N,
			      .n_keys = N,
			      .n_heads = HEADS,
			      .d_head = D,
			      .q = a->in,
			      .k = a->in + SIZE,
			      .v = a->in + 2 * SIZE,
			      .dout = a->in + 3 * SIZE,
			      .ldq = WIDTH,
			      .ldk = WIDTH,
			      .ldv = WIDTH,
			      .ldo = WIDTH,
			      .out = a->out,
			      .dq = a->out + SIZE,
			      .dk = a->out + 2 * SIZE,
			      .dv = a->out + 3 * SIZE,
			      .lse = a->out + 4 * SIZE,
			      .probability = a->out + 4 * SIZE + HEADS * N};
	o->attention(&t);
	o->attention_backward(&t);
}

/* Wider rows than shared memory holds. */
static void run_ntxent(const struct ops *o, struct arrays *a)
{
	enum { N = 2, D = 12288 };
	struct ntxent l = {
		.n = N, .d = D, .z = a->in, .temperature = 0.2f, .dz = a->out, .result = a->out + 2 * N * D};
	float *scratch = o->alloc(o->ntxent_scratch(2 * N, D) * sizeof(float));
	o->ntxent(&l, scratch);
	o->release(scratch);
}

/* Behind one thread's long sum, so that copies are still to come when their mark is asked for. */
static void run_late_sends(const struct ops *o, struct arrays *a)
{
	float *host = o->alloc_host(sizeof a->in), *x = a->out, *sum = x + 2 * N_IN;
	for (int i = 0; i < 2; i++) {
		o->reach(0);
		for (int j = 0; j < N_IN; j++)
			host[j] = (float)(i + 1);
		o->mean_time(sum + i, a->in, 1, N_IN, 1);
		o->send(x + (size_t)i * N_IN, host, sizeof a->in);
		o->mark(0);
	}
	o->release_host(host);
}

static const struct part {
	const char *name;
	void (*run)(const struct ops *o, struct arrays *a);
	bool is_product; /* of gemm or conv1d: near in the fast class, not equal */
} parts[] = {{"a large gemm", run_product, true},
	     {"long sum_rows or sum_squares", run_sums, false},
	     {"layernorm of many rows", run_layernorm, false},
	     {"groupnorm_gelu of long records", run_groupnorm, false},
	     {"conv1d of many records", run_conv, true},
	     {"attention of many tokens", run_attention, false},
	     {"ntxent of wide rows", run_ntxent, false},
	     {"send, mark or reach behind long work", run_late_sends, false}};

/* host: what p leaves in a. */
static void run_part(float *host, const struct part *p, const struct ops *o, struct arrays *a)
{
	o->zero(a->out, sizeof a->out);
	p->run(o, a);
	o->download(host, a->out, sizeof a->out);
}

const char *selftest_run_large(const struct ops *fast, const struct ops *plain, double near)
{
	struct arrays *a = fast->alloc(sizeof *a), *b = plain->alloc(sizeof *b);
	float *in = die_malloc(sizeof a->in), *got = die_malloc(sizeof a->out),
	      *expected = die_malloc(sizeof a->out);
	struct philox r = philox_open(1, PURPOSE_NOISE, 0, 1);
	const char *failed = NULL;
	for (int i = 0; i < N_IN; i++)
		in[i] = (float)(4 * philox_uniform(&r) - 2);
	fast->upload(a->in, in, sizeof a->in);
	plain->upload(b->in, in, sizeof a->in);

	for (size_t i = 0; i < sizeof parts / sizeof *parts && !failed; i++) {
		const struct part *p = &parts[i];
		bool is_good;
		run_part(expected, p, plain, b);
		run_part(got, p, fast, a);
		if (p->is_product && near > 0) {
			is_good = selftest_is_near(got, expected, N_OUT, near);
			memcpy(expected, got, sizeof a->out);
			run_part(got, p, fast, a); /* the same again */
			is_good = is_good && memcmp(got, expected, sizeof a->out) == 0;
		} else {
			is_good = memcmp(got, expected, sizeof a->out) == 0;
		}
		failed = is_good ? NULL : p->name;
	}

	fast->release(a);
	plain->release(b);
	free(in);
	free(got);
	free(expected);
	return failed;
}
