#include "kernels/selftest_parts.h"

static void run_attention(const struct ops *o, struct selftest_arrays *a)
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

static void run_layernorm(const struct ops *o, struct selftest_arrays *a)
{
	float *mean = a->scratch, *rstd = mean + ROWS;
	o->layernorm(a->out[0], mean, rstd, a->in[0], a->in[1], a->in[2], ROWS, WIDTH, 1e-5f);
	o->layernorm_backward(a->out[1], a->out[2], a->out[3], a->in[3], a->in[0], a->in[1], mean, rstd, NULL,
			      ROWS, WIDTH, (struct by_block){8, WIDTH + 3});
}

static void run_groupnorm(const struct ops *o, struct selftest_arrays *a)
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

static void run_batchnorm(const struct ops *o, struct selftest_arrays *a)
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

static void run_pooling(const struct ops *o, struct selftest_arrays *a)
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

static void run_tokens(const struct ops *o, struct selftest_arrays *a)
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

static void run_layout(const struct ops *o, struct selftest_arrays *a)
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

const struct selftest_part selftest_layers[] = {{"attention", run_attention, false},
						{"layernorm", run_layernorm, false},
						{"groupnorm_gelu", run_groupnorm, false},
						{"batchnorm or max_time", run_batchnorm, false},
						{"pooling, gate or relu", run_pooling, false},
						{"tokens or add", run_tokens, false},
						{"layout or pooling over time", run_layout, false},
						{0}};
