#include "kernels/selftest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "numbers/philox.h"

enum { ROWS = 19, WIDTH = 45, DEPTH = 37, HEADS = 3, BATCH = 2 }; /* odd, so that every tail is taken */
enum { SIZE = BATCH * ROWS * WIDTH + 64, N_INPUTS = 4, N_OUTPUTS = 4 };

/* In the table's memory: only its operations read and write them. */
struct arrays {
	float in[N_INPUTS][SIZE], out[N_OUTPUTS][SIZE];
	uint8_t keep[SIZE];
	_Alignas(double) float scratch[64 * 1024];
};

/* What both begin with. */
static void fill(struct arrays *a)
{
	struct philox r = philox_open(1, PURPOSE_NOISE, 0, 0);
	for (int i = 0; i < N_INPUTS; i++)
		for (int j = 0; j < SIZE; j++)
			a->in[i][j] = (float)(4 * philox_uniform(&r) - 2);
	for (int j = 0; j < SIZE; j++)
		a->keep[j] = a->in[0][j] > -1;
}

static void copy_to(const struct ops *o, float *to, const float *from)
{
	float host[SIZE];
	o->download(host, from, sizeof host);
	o->upload(to, host, sizeof host);
}

/* Twice, of which the second is kept: whoever keeps what belongs to a shape must not keep the bias. */
static void run_gemm(const struct ops *o, struct arrays *a)
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
static void run_long_gemm(const struct ops *o, struct arrays *a)
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
	copy_to(o, a->out[1], a->in[2]);
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
static void run_items(const struct ops *o, struct arrays *a)
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

	copy_to(o, a->out[1], a->in[2]);
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

static void run_attention(const struct ops *o, struct arrays *a)
{
	enum { D = WIDTH / HEADS };
	struct attention t = {.batch = BATCH,
			      .n = ROWS,
			      .n_keys = ROWS,
			      .n_heads = HEADS,
			      .d_head = D,
			      .q = a->in[0],
			      .k = a->in[1],
			      .v = a->in[2],
			      .ldq = WIDTH,
			      .ldk = WIDTH,
			      .ldv = WIDTH,
			      .out = a->out[0],
			      .ldo = WIDTH,
			      .lse = a->scratch,
			      .dout = a->in[3],
			      .dq = a->out[1],
			      .dk = a->out[2],
			      .dv = a->out[3]};

	o->attention(&t);
	o->attention_backward(&t);
}

static void run_layernorm(const struct ops *o, struct arrays *a)
{
	float *mean = a->scratch, *rstd = mean + ROWS;
	o->layernorm(a->out[0], mean, rstd, a->in[0], a->in[1], a->in[2], ROWS, WIDTH, 1e-5f);
	o->layernorm_backward(a->out[1], a->out[2], a->out[3], a->in[3], a->in[0], a->in[1], mean, rstd, NULL,
			      ROWS, WIDTH, (struct by_block){8, WIDTH + 3});
}

static void run_groupnorm(const struct ops *o, struct arrays *a)
{
	float *mean = a->scratch, *rstd = mean + BATCH * 5, *before = rstd + BATCH * 5;
	struct groupnorm n = {
		.batch = BATCH,
		.t = ROWS,
		.c = WIDTH,
		.groups = 5,
		.eps = 1e-5f,
		.x = a->in[0],
		.w = a->in[1],
		.b = a->in[2],
		.y = a->out[0],
		.before_gelu = before,
		.mean = mean,
		.rstd = rstd,
		.dy = a->in[3],
		.dx = a->out[1],
		.dw = a->out[2],
		.db = a->out[3],
		.sums = &(struct record_sums){.n = BATCH, .most = 1, .n_blocks = BATCH, .stride = WIDTH}};
	o->groupnorm_gelu(&n);
	o->groupnorm_gelu_backward(&n);
}

static void run_batchnorm(const struct ops *o, struct arrays *a)
{
	enum { M = BATCH * ROWS, T_OUT = (ROWS + 1) / 2 };
	float *mean = a->scratch, *variance = mean + WIDTH, *sums = a->out[2];
	struct batchnorm n = {.m = M,
			      .c = WIDTH,
			      .n_rows = M,
			      .x = a->in[0],
			      .w = a->in[1],
			      .b = a->in[2],
			      .mean = mean,
			      .variance = variance,
			      .eps = 1e-5f,
			      .residual = a->in[3],
			      .has_relu = true,
			      .y = a->out[0],
			      .dy = a->in[3],
			      .sums = sums,
			      .dx = a->out[1]};
	int32_t *at = (int32_t *)(void *)(variance + WIDTH);

	o->batchnorm_sums(&n, mean);
	o->divide(mean, mean, M, WIDTH);
	o->batchnorm_square_sums(&n, variance);
	o->divide(variance, variance, M, WIDTH);
	o->batchnorm(&n);
	o->batchnorm_gradient_sums(&n, sums);
	o->batchnorm_backward(&n);

	o->max_time(a->out[3], at, a->out[0], BATCH, ROWS, WIDTH, 3, 2, T_OUT);
	o->batchnorm_running(a->out[3] + BATCH * T_OUT * WIDTH, a->out[3], &n, 0.1f);
}

/* The sizes of c on the arrays; no gradient of its input without is_data_wanted. */
static void run_conv1d(const struct ops *o, struct arrays *a, struct conv1d c, bool is_data_wanted)
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

static void run_conv(const struct ops *o, struct arrays *a)
{
	struct conv1d c = {.c_in = 3, .c_out = 17, .k = 5, .stride = 2, .t_out = 13, .t_pad = 30};
	run_conv1d(o, a, c, true);
}

/* The shape of a stem's first layer, which has tiles of its own (kernels/cpu/narrow.c). */
static void run_narrow_conv(const struct ops *o, struct arrays *a)
{
	struct conv1d c = {.c_in = 1, .c_out = 24, .k = 15, .stride = 2, .t_out = 17, .t_pad = 48};
	run_conv1d(o, a, c, false);
}

static struct adamw adamw_of(struct arrays *a)
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

static void run_adamw(const struct ops *o, struct arrays *a)
{
	struct adamw w = adamw_of(a);
	w.scale = 0.7f;
	w.step = 3;
	copy_to(o, a->out[0], a->in[0]);
	copy_to(o, a->out[1], a->in[1]);
	o->adamw(&w);
}

/* Two steps: the second's loss is infinite, and it is not taken. */
static void run_decided(const struct ops *o, struct arrays *a)
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

	copy_to(o, a->out[0], a->in[0]);
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

static void run_ntxent(const struct ops *o, struct arrays *a)
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
static void run_sums(const struct ops *o, struct arrays *a)
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

static void run_pooling(const struct ops *o, struct arrays *a)
{
	int32_t *at = (int32_t *)(void *)a->scratch;
	float *zt = a->in[1], *alpha = a->out[0] + BATCH * 2 * WIDTH, *h = alpha + 2 * BATCH;
	float *dzt = a->out[2], *dzc = dzt + BATCH * WIDTH, *dlogits = dzc + BATCH * WIDTH;

	o->pool_mean_max(a->out[0], at, a->in[2], NULL, BATCH, ROWS, WIDTH);
	o->pool_mean_max_backward(a->out[1], a->in[0], at, NULL, BATCH, ROWS, WIDTH);
	o->gate(h, alpha, zt, a->in[2], a->in[3], BATCH, WIDTH);
	o->gate_backward(dzt, dzc, dlogits, a->in[0], zt, a->in[2], alpha, BATCH, WIDTH);
	o->relu(a->out[3], a->in[1], SIZE);
	o->relu_backward(a->out[3], a->in[0], a->out[3], SIZE);
	o->mix(a->out[3], a->in[2], 0.3f, SIZE);
}

static void run_tokens(const struct ops *o, struct arrays *a)
{
	o->add_position(a->out[0], a->in[0], a->in[1], BATCH, ROWS, WIDTH);
	o->add_record(a->out[0], a->out[0], a->in[2], BATCH, ROWS, WIDTH);
	o->mask_tokens(a->out[0], a->out[0], a->keep, a->in[3], BATCH, ROWS, WIDTH);
	o->add_position_backward(a->out[1], a->in[3], BATCH, ROWS, WIDTH, (struct by_block){0});
	o->add_record_backward(a->out[1] + ROWS * WIDTH, a->in[3], BATCH, ROWS, WIDTH);
	o->mask_tokens_backward(a->out[2], a->out[3], a->in[2], a->keep, BATCH, ROWS, WIDTH,
				(struct by_block){1, WIDTH});
	o->add(a->out[3] + WIDTH, a->in[0], a->in[1], SIZE - WIDTH);
}

static void run_layout(const struct ops *o, struct arrays *a)
{
	enum { LEADS = 6, T = 57, PAD = 3, T_PAD = 70, T_OUT = (T + 1) / 2 };
	int32_t *at = (int32_t *)(void *)a->scratch;
	o->pack_signal(a->out[0], a->in[0], a->keep, NULL, BATCH, LEADS, T, PAD, T_PAD);
	o->pad_time(a->out[1], a->in[1], BATCH, T, LEADS, PAD, T_PAD);
	o->pad_time_backward(a->out[1] + BATCH * T_PAD * LEADS, a->in[2], BATCH, T, LEADS, PAD, T_PAD);
	o->max_time(a->scratch + SIZE, at, a->in[3], BATCH, T, LEADS, 3, 2, T_OUT);
	o->max_time_backward(a->out[2], a->in[0], at, BATCH, T, LEADS, T_OUT);
	o->mean_time(a->out[3], a->in[1], BATCH, T, LEADS);
	o->mean_time_backward(a->out[3] + BATCH * LEADS, a->in[2], BATCH, T, LEADS);
}

/* The product of run_gemm by the plain loop, before GELU. */
static bool is_plain_product(const struct arrays *a)
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

/* Whether both left the same; that goes to `host`. */
static bool is_same(const struct ops *fast, const struct arrays *a, const struct ops *plain,
		    const struct arrays *b, struct arrays *host)
{
	static float expected[N_OUTPUTS][SIZE];
	fast->download(host->out, a->out, sizeof host->out);
	plain->download(expected, b->out, sizeof expected);
	return memcmp(host->out, expected, sizeof expected) == 0;
}

/* Of NaN nothing is near. */
bool selftest_is_near(const float *x, const float *expected, size_t n, double near)
{
	double difference = 0, size = 0;
	for (size_t i = 0; i < n; i++) {
		double d = (double)x[i] - (double)expected[i];
		difference += d * d;
		size += (double)expected[i] * (double)expected[i];
	}
	return difference <= near * near * size;
}

static bool is_near(const struct ops *fast, const struct arrays *a, const struct ops *plain,
		    const struct arrays *b, double near)
{
	static float x[N_OUTPUTS][SIZE], expected[N_OUTPUTS][SIZE];
	fast->download(x, a->out, sizeof x);
	plain->download(expected, b->out, sizeof expected);
	for (int i = 0; i < N_OUTPUTS; i++)
		if (!selftest_is_near(x[i], expected[i], SIZE, near))
			return false;
	return true;
}

static const struct part {
	const char *name;
	void (*run)(const struct ops *o, struct arrays *a);
	bool is_product; /* of gemm or conv1d: near in the fast class, not equal */
} parts[] = {{"attention", run_attention, false},
	     {"layernorm", run_layernorm, false},
	     {"groupnorm_gelu", run_groupnorm, false},
	     {"batchnorm or max_time", run_batchnorm, false},
	     {"conv1d", run_conv, true},
	     {"conv1d of one channel", run_narrow_conv, true},
	     {"adamw", run_adamw, false},
	     {"decide, squares or adamw by rates", run_decided, false},
	     {"gemm of several blocks", run_long_gemm, true},
	     {"ntxent", run_ntxent, false},
	     {"sum_rows, sum_squares or gelu", run_sums, false},
	     {"pooling, gate or relu", run_pooling, false},
	     {"tokens or add", run_tokens, false},
	     {"layout or pooling over time", run_layout, false},
	     {"gemm of several items", run_items, true},
	     {"gemm", run_gemm, true}};

static void run_part(const struct part *p, const struct ops *o, struct arrays *a)
{
	o->zero(a->out, sizeof a->out);
	p->run(o, a);
}

static const char *compare(const struct ops *fast, const struct ops *plain, struct arrays *a,
			   struct arrays *b, struct arrays *host, double near)
{
	(void)near;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		run_part(&parts[i], fast, a);
		run_part(&parts[i], plain, b);
		if (!is_same(fast, a, plain, b, host))
			return parts[i].name;
	}

	return is_plain_product(host) ? NULL : "gemm";
}

/* b takes the place of the first run, once it has served. */
static const char *compare_near(const struct ops *fast, const struct ops *plain, struct arrays *a,
				struct arrays *b, struct arrays *host, double near)
{
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		run_part(&parts[i], fast, a);
		run_part(&parts[i], plain, b);
		if (!(parts[i].is_product ? is_near(fast, a, plain, b, near)
					  : is_same(fast, a, plain, b, host)))
			return parts[i].name;
		fast->download(host->out, a->out, sizeof host->out);
		plain->upload(b->out, host->out, sizeof host->out);
		run_part(&parts[i], fast, a);
		if (!is_same(fast, a, plain, b, host))
			return parts[i].name;
	}
	return NULL;
}

static const char *run_by(const char *(*judge)(const struct ops *, const struct ops *, struct arrays *,
					       struct arrays *, struct arrays *, double),
			  const struct ops *fast, const struct ops *plain, double near)
{
	struct arrays *a = fast->alloc(sizeof *a), *b = plain->alloc(sizeof *b),
		      *host = die_calloc(1, sizeof *host);
	fill(host);
	fast->upload(a, host, sizeof *host);
	plain->upload(b, host, sizeof *host);
	const char *failed = judge(fast, plain, a, b, host, near);
	fast->release(a);
	plain->release(b);
	free(host);
	return failed;
}

const char *selftest_run(const struct ops *fast, const struct ops *plain)
{
	return run_by(compare, fast, plain, 0);
}

const char *selftest_run_near(const struct ops *fast, const struct ops *plain, double near)
{
	return run_by(compare_near, fast, plain, near);
}
