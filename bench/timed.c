#include "bench/timed.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench/clock.h"

enum slot {
	ADAMW,
	ADD,
	ADD_POSITION,
	ADD_POSITION_BACKWARD,
	ADD_RECORD,
	ADD_RECORD_BACKWARD,
	ATTENTION,
	ATTENTION_BACKWARD,
	CONV,
	CONV_BACKWARD,
	GATE,
	GATE_BACKWARD,
	GELU,
	GELU_BACKWARD,
	GEMM,
	GEMM_GELU,
	GEMM_WEIGHTS,
	GROUPNORM,
	GROUPNORM_BACKWARD,
	LAYERNORM,
	LAYERNORM_BACKWARD,
	MASK,
	MASK_BACKWARD,
	NTXENT,
	PACK,
	PAD,
	PAD_BACKWARD,
	POOL,
	POOL_BACKWARD,
	RELU,
	RELU_BACKWARD,
	SUM_ROWS,
	SUM_SQUARES,
	UPLOAD,
	ZERO,
	SLOTS
};

static struct entry {
	const char *name;
	double seconds, flops;
	long calls;
} entries[SLOTS];

static const struct ops *real;
static struct ops table;

static void note(enum slot slot, const char *name, double start, double flops)
{
	struct entry *e = &entries[slot];
	e->name = name;
	e->seconds += clock_cpu_s() - start;
	e->flops += flops;
	e->calls++;
}

/* A function of the same parameters that calls the real one. */
#define TIMED(slot, name, flops, parameters, ...)                                                            \
	static void timed_##name parameters                                                                  \
	{                                                                                                    \
		double start = clock_cpu_s();                                                                \
		real->name(__VA_ARGS__);                                                                     \
		note(slot, #name, start, flops);                                                             \
	}

/* Multiplications and additions of one product of the attention's two, over all heads. */
static double product(const struct attention *a)
{
	return 2.0 * a->batch * a->n_heads * a->n * a->n_keys * a->d_head;
}

static double convolution(const struct conv1d *c)
{
	return 2.0 * c->batch * c->t_out * c->c_out * c->k * c->c_in;
}

static void timed_gemm(const struct gemm *g)
{
	double start = clock_cpu_s(), flops = 2.0 * g->m * g->n * g->k * (g->batch > 1 ? g->batch : 1);
	real->gemm(g);
	if (g->is_a_transposed)
		note(GEMM_WEIGHTS, "gemm, weight gradients", start, flops);
	else if (g->before_gelu || g->gelu_argument)
		note(GEMM_GELU, "gemm with GELU or GELU'", start, flops);
	else
		note(GEMM, "gemm, others", start, flops);
}

static float timed_sum_squares(const float *x, size_t n)
{
	double start = clock_cpu_s();
	float sum = real->sum_squares(x, n);
	note(SUM_SQUARES, "sum_squares", start, 0);
	return sum;
}

TIMED(ADAMW, adamw, 0, (const struct adamw *a), a)
TIMED(ADD, add, 0, (float *y, const float *a, const float *b, size_t n), y, a, b, n)
TIMED(ADD_POSITION, add_position, 0, (float *y, const float *x, const float *p, int batch, int n, int d), y,
      x, p, batch, n, d)
TIMED(ADD_POSITION_BACKWARD, add_position_backward, 0,
      (float *dp, const float *dy, int batch, int n, int d, struct by_block by), dp, dy, batch, n, d, by)
TIMED(ADD_RECORD, add_record, 0, (float *y, const float *x, const float *e, int batch, int n, int d), y, x, e,
      batch, n, d)
TIMED(ADD_RECORD_BACKWARD, add_record_backward, 0, (float *de, const float *dy, int batch, int n, int d), de,
      dy, batch, n, d)
TIMED(ATTENTION, attention, 2 * product(a), (const struct attention *a), a)
/* Scores again, then dP, dV, dQ, dK. */
TIMED(ATTENTION_BACKWARD, attention_backward, 5 * product(a), (const struct attention *a), a)
TIMED(CONV, conv1d, convolution(c), (const struct conv1d *c), c)
TIMED(CONV_BACKWARD, conv1d_backward, (c->dx ? 2 : 1) * convolution(c), (const struct conv1d *c), c)
TIMED(GATE, gate, 0,
      (float *h, float *alpha, const float *zt, const float *zc, const float *logits, int batch, int d), h,
      alpha, zt, zc, logits, batch, d)
TIMED(GATE_BACKWARD, gate_backward, 0,
      (float *dzt, float *dzc, float *dlogits, const float *dh, const float *zt, const float *zc,
       const float *alpha, int batch, int d),
      dzt, dzc, dlogits, dh, zt, zc, alpha, batch, d)
TIMED(GELU, gelu, 0, (float *y, const float *x, size_t n), y, x, n)
TIMED(GELU_BACKWARD, gelu_backward, 0, (float *dx, const float *dy, const float *x, size_t n), dx, dy, x, n)
TIMED(GROUPNORM, groupnorm_gelu, 0, (const struct groupnorm *n), n)
TIMED(GROUPNORM_BACKWARD, groupnorm_gelu_backward, 0, (const struct groupnorm *n), n)
TIMED(LAYERNORM, layernorm, 0,
      (float *y, float *mean, float *rstd, const float *x, const float *w, const float *b, int m, int d,
       float eps),
      y, mean, rstd, x, w, b, m, d, eps)
TIMED(LAYERNORM_BACKWARD, layernorm_backward, 0,
      (float *dx, float *dw, float *db, const float *dy, const float *x, const float *w, const float *mean,
       const float *rstd, const float *dresidual, int m, int d, struct by_block by),
      dx, dw, db, dy, x, w, mean, rstd, dresidual, m, d, by)
TIMED(MASK, mask_tokens, 0,
      (float *y, const float *x, const uint8_t *keep, const float *token, int batch, int n, int d), y, x,
      keep, token, batch, n, d)
TIMED(MASK_BACKWARD, mask_tokens_backward, 0,
      (float *dx, float *dtoken, const float *dy, const uint8_t *keep, int batch, int n, int d,
       struct by_block by),
      dx, dtoken, dy, keep, batch, n, d, by)
TIMED(NTXENT, ntxent, 0, (const struct ntxent *l, float *scratch), l, scratch)
TIMED(PACK, pack_signal, 0,
      (float *y, const float *x, const uint8_t *keep, const int32_t *numbers, int batch, int c, int t,
       int pad, int t_pad),
      y, x, keep, numbers, batch, c, t, pad, t_pad)
TIMED(PAD, pad_time, 0, (float *y, const float *x, int batch, int t, int c, int pad, int t_pad), y, x, batch,
      t, c, pad, t_pad)
TIMED(PAD_BACKWARD, pad_time_backward, 0,
      (float *dx, const float *dy, int batch, int t, int c, int pad, int t_pad), dx, dy, batch, t, c, pad,
      t_pad)
TIMED(POOL, pool_mean_max, 0,
      (float *y, int32_t *at, const float *x, const int32_t *numbers, int batch, int n, int d), y, at, x,
      numbers, batch, n, d)
TIMED(POOL_BACKWARD, pool_mean_max_backward, 0,
      (float *dx, const float *dy, const int32_t *at, const int32_t *numbers, int batch, int n, int d), dx,
      dy, at, numbers, batch, n, d)
TIMED(RELU, relu, 0, (float *y, const float *x, size_t n), y, x, n)
TIMED(RELU_BACKWARD, relu_backward, 0, (float *dx, const float *dy, const float *y, size_t n), dx, dy, y, n)
TIMED(SUM_ROWS, sum_rows, 0, (float *db, const float *dy, int m, int n, int ld, struct by_block by), db, dy,
      m, n, ld, by)
TIMED(UPLOAD, upload, 0, (void *device, const void *host, size_t n), device, host, n)
TIMED(ZERO, zero, 0, (void *p, size_t n), p, n)

const struct ops *timed_ops(const struct ops *o)
{
	real = o;
	table = *o;
#define TAKE(name) table.name = timed_##name
	TAKE(adamw), TAKE(add), TAKE(add_position), TAKE(add_position_backward);
	TAKE(add_record), TAKE(add_record_backward), TAKE(attention), TAKE(attention_backward);
	TAKE(conv1d), TAKE(conv1d_backward), TAKE(gate), TAKE(gate_backward);
	TAKE(gelu), TAKE(gelu_backward), TAKE(gemm), TAKE(groupnorm_gelu), TAKE(groupnorm_gelu_backward);
	TAKE(layernorm), TAKE(layernorm_backward), TAKE(mask_tokens), TAKE(mask_tokens_backward);
	TAKE(ntxent), TAKE(pack_signal), TAKE(pad_time), TAKE(pad_time_backward);
	TAKE(pool_mean_max), TAKE(pool_mean_max_backward), TAKE(relu), TAKE(relu_backward);
	TAKE(sum_rows), TAKE(sum_squares), TAKE(upload), TAKE(zero);
#undef TAKE
	return &table;
}

void timed_reset(void)
{
	for (int i = 0; i < SLOTS; i++)
		entries[i] = (struct entry){0};
}

double timed_flops(void)
{
	double sum = 0;
	for (int i = 0; i < SLOTS; i++)
		sum += entries[i].flops;
	return sum;
}

static int by_time(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	return (x->seconds < y->seconds) - (x->seconds > y->seconds);
}

void timed_print(double total_s, double peak_flops)
{
	double left = total_s, heavy = 0;
	for (int i = 0; i < SLOTS; i++) {
		left -= entries[i].seconds;
		heavy += entries[i].flops > 0 ? entries[i].seconds : 0;
	}

	qsort(entries, SLOTS, sizeof *entries, by_time);
	printf("%-26s %7s %8s %7s %8s %8s\n", "", "share", "seconds", "calls", "GFLOP/s", "of peak");
	for (int i = 0; i < SLOTS && entries[i].calls; i++) {
		const struct entry *e = &entries[i];
		printf("%-26s %5.1f %% %8.3f %7ld", e->name, 100 * e->seconds / total_s, e->seconds,
		       e->calls);
		if (e->flops > 0)
			printf(" %8.1f %6.0f %%", e->flops / e->seconds / 1e9,
			       100 * e->flops / e->seconds / peak_flops);
		putchar('\n');
	}

	printf("%-26s %5.1f %% %8.3f\n", "outside these", 100 * left / total_s, left);
	printf("%-26s %5.1f %% %8.3f\n", "gemm, attention, conv", 100 * heavy / total_s, heavy);
}
