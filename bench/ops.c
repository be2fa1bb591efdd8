/*
 * make bench: every operation of a training step on one core, as a share of what the core can do and beside
 * OpenBLAS and oneDNN where they are installed. Rounds are interleaved (each entry, ours and theirs, between
 * two measurements of the peak, and again): the machine's speed drifts; times are CPU seconds of this thread.
 * Shapes: model "small" (D 192, 6 heads), 50 tokens, 64 views.
 *
 *	bench [--isa avx2] [--rounds N] [--only TEXT]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/blas.h"
#include "bench/clock.h"
#include "bench/onednn.h"
#include "bench/peak.h"
#include "common/args.h"
#include "common/die.h"
#include "kernels/selftest.h"
#include "numbers/philox.h"

enum { VIEWS = 64, N = 50, D = 192, H = 6, ROWS = VIEWS * N, LEAD_ROWS = VIEWS * 12, MAX_ROUNDS = 101 };
enum { FLOATS = 16 << 20 };

static const struct ops *o;
static float *in[3], *out[3], *scratch;
static uint8_t keep[ROWS];
static int32_t at[VIEWS * D];

enum who { OURS, OPENBLAS, ONEDNN, WHO };

struct entry {
	const char *name;
	double flops; /* per run, 0: memory-bound, see bytes */
	double bytes;
	void (*run)(void);
	struct gemm gemm;	 /* if m > 0, run is not used */
	const struct conv *conv; /* if not NULL, run is not used */
	enum pass pass;
	bool has[WHO];
	struct onednn_conv *onednn;
	double rate[WHO][MAX_ROUNDS], share[MAX_ROUNDS];
};

/* ---- entries ---- */

static void run_gelu(void)
{
	o->gelu(out[0], in[0], ROWS * 4 * D);
}

static void run_gelu_backward(void)
{
	o->gelu_backward(out[0], in[0], in[1], ROWS * 4 * D);
}

static void run_mix(void)
{
	o->mix(out[0], in[0], 0.004f, ROWS * 4 * D);
}

static void run_layernorm(void)
{
	o->layernorm(out[0], out[1], out[2], in[0], in[1], in[2], ROWS, D, 1e-5f);
}

static void run_layernorm_backward(void)
{
	o->layernorm_backward(out[0], out[1], out[2], in[0], in[1], in[2], in[2], in[2], in[0], ROWS, D,
			      (struct by_block){0});
}

static void run_groupnorm(void)
{
	o->groupnorm_gelu(&(struct groupnorm){.batch = VIEWS * 12,
					      .t = 125,
					      .c = D / 4,
					      .groups = 8,
					      .eps = 1e-5f,
					      .x = in[0],
					      .w = in[1],
					      .b = in[2],
					      .y = out[0],
					      .before_gelu = out[1],
					      .mean = out[2],
					      .rstd = out[2] + 8 * VIEWS * 12});
}

static void run_groupnorm_backward(void)
{
	o->groupnorm_gelu_backward(&(struct groupnorm){.batch = VIEWS * 12,
						       .t = 125,
						       .c = D / 4,
						       .groups = 8,
						       .x = in[2],
						       .w = in[0],
						       .before_gelu = in[1],
						       .mean = in[1],
						       .rstd = in[2],
						       .dy = in[0],
						       .dx = out[0],
						       .dw = out[1],
						       .db = out[1] + D});
}

static struct attention attention(int views, int n, int n_keys)
{
	return (struct attention){.batch = views,
				  .n = n,
				  .n_keys = n_keys,
				  .n_heads = H,
				  .d_head = D / H,
				  .q = in[0],
				  .k = in[1] + D,
				  .v = in[1] + 2 * D,
				  .ldq = 3 * D,
				  .ldk = 3 * D,
				  .ldv = 3 * D,
				  .out = out[0],
				  .ldo = D,
				  .lse = scratch,
				  .dout = in[2],
				  .dq = out[1],
				  .dk = out[2] + D,
				  .dv = out[2] + 2 * D};
}

static void run_attention(void)
{
	struct attention a = attention(VIEWS, N, N);
	o->attention(&a);
}

static void run_attention_backward(void)
{
	struct attention a = attention(VIEWS, N, N);
	o->attention_backward(&a);
}

/* As many views as the second-level cache holds: what the arithmetic takes without memory. */
enum { NEAR = 2 };

static void run_near(void)
{
	struct attention a = attention(NEAR, N, N);
	o->attention(&a);
}

static void run_near_backward(void)
{
	struct attention a = attention(NEAR, N, N);
	o->attention_backward(&a);
}

static void run_cross(void)
{
	struct attention a = attention(VIEWS, N, 12);
	o->attention(&a);
}

static void run_cross_backward(void)
{
	struct attention a = attention(VIEWS, N, 12);
	o->attention_backward(&a);
}

static void run_leads(void)
{
	struct attention a = attention(VIEWS, 12, N);
	o->attention(&a);
}

static void run_leads_backward(void)
{
	struct attention a = attention(VIEWS, 12, N);
	o->attention_backward(&a);
}

/* As many signals as the model's stems take at a time. */
enum { TIME_CHUNK = 64, LEAD_CHUNK = 8 * 12 };
static const struct conv time1 = {TIME_CHUNK, 513, 12, D / 4, 15, 2, 250},
			 time2 = {TIME_CHUNK, 256, D / 4, D / 2, 11, 5, 50},
			 lead1 = {LEAD_CHUNK, 513, 1, D / 8, 15, 2, 250},
			 lead2 = {LEAD_CHUNK, 255, D / 8, D / 4, 7, 2, 125},
			 lead3 = {LEAD_CHUNK, 131, D / 4, D / 2, 7, 2, 63};

static void run_conv(const struct conv *c, enum pass pass)
{
	struct conv1d s = {.batch = c->batch,
			   .t_pad = c->t_pad,
			   .c_in = c->c_in,
			   .c_out = c->c_out,
			   .k = c->k,
			   .stride = c->stride,
			   .t_out = c->t_out,
			   .x = in[0],
			   .w = in[1],
			   .bias = in[2],
			   .y = out[0]};
	if (pass == FORWARD) {
		o->conv1d(&s);
		return;
	}

	s.x = in[1];
	s.w = in[2];
	s.dy = in[0];
	s.dx = pass == WEIGHTS ? NULL : out[0];
	s.dw = out[1];
	s.dbias = out[2];
	s.scratch = scratch;
	o->conv1d_backward(&s);
}

static double conv_flops(const struct conv *c)
{
	return 2.0 * c->batch * c->t_out * c->c_out * c->k * c->c_in;
}

static void run_ntxent(void)
{
	struct ntxent l = {
		.n = 128, .d = 128, .z = in[0], .temperature = 0.1f, .dz = out[0], .result = out[1]};
	o->ntxent(&l, scratch);
}

static void run_adamw(void)
{
	struct adamw a = {.n = 4 << 20,
			  .w = out[0],
			  .m = out[1],
			  .v = out[2],
			  .dw = in[0],
			  .lr = 1e-9f,
			  .beta1 = 0.9f,
			  .beta2 = 0.99f,
			  .eps = 1e-8f,
			  .scale = 1e-9f,
			  .step = 9};
	o->adamw(&a);
}

static void run_sum_rows(void)
{
	o->sum_rows(out[0], in[0], ROWS, 4 * D, 4 * D, (struct by_block){0});
}

static void run_sum_squares(void)
{
	out[0][0] = o->sum_squares(in[0], 4 << 20);
}

static void run_pool(void)
{
	o->pool_mean_max(out[0], at, in[0], NULL, VIEWS, N, D);
}

static void run_mask(void)
{
	o->mask_tokens(out[0], in[0], keep, in[1], VIEWS, N, D);
}

static void run_pack(void)
{
	o->pack_signal(out[0], in[0], NULL, NULL, VIEWS, 12, 500, 7, 513);
}

/* ---- the table ---- */

static struct entry entries[64];
static int n_entries;

static void add(const char *name, double flops, double bytes, void (*run)(void))
{
	entries[n_entries++] = (struct entry){.name = name, .flops = flops, .bytes = bytes, .run = run};
}

static void add_gemm(const char *name, int m, int n, int k, bool ta, bool tb, int batch, bool is_accumulated)
{
	struct gemm g = {.m = m,
			 .n = n,
			 .k = k,
			 .a = in[0],
			 .lda = ta ? m : k,
			 .is_a_transposed = ta,
			 .b = in[1],
			 .ldb = tb ? k : n,
			 .is_b_transposed = tb,
			 .c = out[0],
			 .ldc = n,
			 .batch = batch,
			 .is_accumulated = is_accumulated};

	g.stride_a = (size_t)(m * k);
	g.stride_b = (size_t)(n * k);
	g.stride_c = (size_t)(m * n);
	entries[n_entries++] =
		(struct entry){.name = name, .flops = 2.0 * m * n * k * (batch ? batch : 1), .gemm = g};
}

static void add_conv(const char *name, const struct conv *c, enum pass pass)
{
	double flops = conv_flops(c) * (pass == WEIGHTS_AND_DATA ? 2 : 1);
	entries[n_entries++] = (struct entry){.name = name, .flops = flops, .conv = c, .pass = pass};
}

static void fill_table(void)
{
	double rows = ROWS, head = 2.0 * VIEWS * H * N * (D / H), stem = 12.0 * VIEWS * 125 * D / 4;
	add_gemm("3200x256x256", 3200, 256, 256, false, true, 0, false);
	add_gemm("qkv 3200x576x192", ROWS, 3 * D, D, false, true, 0, false);
	add_gemm("out 3200x192x192", ROWS, D, D, false, true, 0, false);
	add_gemm("up 3200x768x192", ROWS, 4 * D, D, false, true, 0, false);
	add_gemm("down 3200x192x768", ROWS, D, 4 * D, false, true, 0, false);
	add_gemm("d up 3200x192x768", ROWS, D, 4 * D, false, false, 0, false);
	add_gemm("d down 3200x768x192", ROWS, 4 * D, D, false, false, 0, false);
	add_gemm("dW up 768x192x3200", 4 * D, D, ROWS, true, false, 0, true);
	add_gemm("dW down 192x768x3200", D, 4 * D, ROWS, true, false, 0, true);
	add_gemm("dW out 192x192x3200", D, D, ROWS, true, false, 0, true);
	add_gemm("dW 256x256x3200", 256, 256, 3200, true, false, 0, true);
	add_gemm("dW qkv 576x192x3200", 3 * D, D, ROWS, true, false, 0, true);
	add_gemm("up, GELU", ROWS, 4 * D, D, false, true, 0, false);
	entries[n_entries - 1].gemm.bias = in[2];
	entries[n_entries - 1].gemm.before_gelu = out[1];
	add_gemm("d down, GELU'", ROWS, 4 * D, D, false, false, 0, false);
	entries[n_entries - 1].gemm.gelu_argument = in[2];
	add_gemm("leads up 768x768x192", LEAD_ROWS, 4 * D, D, false, true, 0, false);
	add_gemm("leads dW up 768x192x768", 4 * D, D, LEAD_ROWS, true, false, 0, true);
	add_gemm("leads dW out 192x192x768", D, D, LEAD_ROWS, true, false, 0, true);
	add_gemm("head 64x192x384", VIEWS, D, 2 * D, false, true, 0, false);
	add_gemm("similarity 256x256x128", 256, 256, 128, false, true, 0, false);
	add_gemm("QK' 50x50x32 x512", N, N, 32, false, true, 512, false);
	add_gemm("PV 50x32x50 x512", N, 32, N, false, false, 512, false);
	add_gemm("P'dO 50x32x50 x512", N, 32, N, true, false, 512, false);
	add_gemm("QK' 50x50x32 x16", N, N, 32, false, true, 16, false);
	add_gemm("PV 50x32x50 x16", N, 32, N, false, false, 16, false);
	add_gemm("P'dO 50x32x50 x16", N, 32, N, true, false, 16, false);
	add("attention 50x50", 2 * head * N, 0, run_attention);
	add("attention backward", 5 * head * N, 0, run_attention_backward);
	add("attention 2 views", 2 * head * N * NEAR / VIEWS, 0, run_near);
	add("attention 2 views backward", 5 * head * N * NEAR / VIEWS, 0, run_near_backward);
	add("attention 50x12", 2 * head * 12, 0, run_cross);
	add("attention 50x12 backward", 5 * head * 12, 0, run_cross_backward);
	add("attention 12x50", 2 * head * 12, 0, run_leads);
	add("attention 12x50 backward", 5 * head * 12, 0, run_leads_backward);
	add_conv("conv time 12-48 k15 s2", &time1, FORWARD);
	add_conv("conv time 12-48 dw", &time1, WEIGHTS);
	add_conv("conv time 48-96 k11 s5", &time2, FORWARD);
	add_conv("conv time 48-96 dw", &time2, WEIGHTS);
	add_conv("conv time 48-96 dw dx", &time2, WEIGHTS_AND_DATA);
	add_conv("conv lead 1-24 k15 s2", &lead1, FORWARD);
	add_conv("conv lead 1-24 dw", &lead1, WEIGHTS);
	add_conv("conv lead 24-48 k7 s2", &lead2, FORWARD);
	add_conv("conv lead 24-48 dw", &lead2, WEIGHTS);
	add_conv("conv lead 24-48 dw dx", &lead2, WEIGHTS_AND_DATA);
	add_conv("conv lead 48-96 k7 s2", &lead3, FORWARD);
	add_conv("conv lead 48-96 dw", &lead3, WEIGHTS);
	add_conv("conv lead 48-96 dw dx", &lead3, WEIGHTS_AND_DATA);
	add("ntxent 256x128", 3 * 2.0 * 256 * 256 * 128, 0, run_ntxent);
	add("gelu", 0, 2 * 4 * rows * 4 * D, run_gelu);
	add("gelu backward", 0, 3 * 4 * rows * 4 * D, run_gelu_backward);
	add("mix", 0, 3 * 4 * rows * 4 * D, run_mix);
	add("layernorm", 0, 2 * 4 * rows * D, run_layernorm);
	add("layernorm backward", 0, 4 * 4 * rows * D, run_layernorm_backward);
	add("groupnorm_gelu", 0, 3 * 4 * stem, run_groupnorm);
	add("groupnorm_gelu backward", 0, 4 * 4 * stem, run_groupnorm_backward);
	add("adamw", 0, 7 * 4 * 4.0 * (1 << 20), run_adamw);
	add("sum_rows", 0, 4 * rows * 4 * D, run_sum_rows);
	add("sum_squares", 0, 4 * 4.0 * (1 << 20), run_sum_squares);
	add("pool_mean_max", 0, 4 * rows * D, run_pool);
	add("mask_tokens", 0, 2 * 4 * rows * D, run_mask);
	add("pack_signal", 0, 2 * 4.0 * VIEWS * 12 * 500, run_pack);
}

/* ---- measuring ---- */

static void run_ours(const struct entry *e)
{
	if (e->gemm.m)
		o->gemm(&e->gemm);
	else if (e->conv)
		run_conv(e->conv, e->pass);
	else
		e->run();
}

/* Work per CPU second over at least 2 ms, after one run that brings the arrays as near as they will come. */
static double rate_of(const struct entry *e, enum who who)
{
	double start = 0, spent = 0;
	for (int runs = 0; spent < 2e-3; runs++) {
		if (runs == 1)
			start = clock_cpu_s();
		if (who == OURS)
			run_ours(e);
		else if (who == OPENBLAS)
			blas_gemm(&e->gemm);
		else if (e->onednn)
			onednn_conv_run(e->onednn);
		else
			onednn_gemm(&e->gemm);
		if (runs > 0 && (spent = clock_cpu_s() - start) >= 2e-3)
			return runs * (e->flops > 0 ? e->flops : e->bytes) / spent;
	}

	return 0;
}

static double peak_rate(const char *isa, bool is_stream)
{
	double start = clock_cpu_s(), work = 0, spent;
	do
		work += is_stream ? peak_stream() : peak_fma(isa);
	while ((spent = clock_cpu_s() - start) < 2e-3);
	return work / spent;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *x, int n)
{
	qsort(x, (size_t)n, sizeof *x, by_size);
	return x[n / 2];
}

static void print_entry(struct entry *e, int rounds)
{
	double rate = median(e->rate[OURS], rounds), share = median(e->share, rounds);
	printf("%-26s %8.1f %8.1f %s %5.0f %%", e->name, rate / 1e9, e->rate[OURS][rounds - 1] / 1e9,
	       e->flops > 0 ? "GFLOP/s" : "GB/s   ", 100 * share);
	for (int who = OPENBLAS; who < WHO; who++) {
		double theirs = e->has[who] ? median(e->rate[who], rounds) : 0;
		if (e->has[who])
			printf(" %8.1f %6.2f", theirs / 1e9, rate / theirs);
		else if (e->has[ONEDNN])
			printf(" %8s %6s", "", "");
	}
	putchar('\n');
}

/* Mean 0, nearly normal: what GELU costs depends on its arguments, which in training rarely leave -3 to 3. */
static void fill(float *x, uint64_t seed, double deviation)
{
	struct philox r = philox_open(seed, PURPOSE_NOISE, 0, 0);
	for (int i = 0; i < FLOATS; i++) {
		double sum =
			philox_uniform(&r) + philox_uniform(&r) + philox_uniform(&r) + philox_uniform(&r);
		x[i] = (float)((sum - 2) * sqrt(3) * deviation);
	}
}

static void allocate(void)
{
	static const double deviation[3] = {1, 0.06, 1}; /* in[1] holds weights: 192 products add up to 0.8 */
	for (int i = 0; i < 3; i++) {
		in[i] = o->alloc(FLOATS * sizeof(float));
		out[i] = o->alloc(FLOATS * sizeof(float));
		fill(in[i], (uint64_t)i, deviation[i]);
	}
	scratch = o->alloc(2 * (size_t)FLOATS * sizeof(float));
	for (int i = 0; i < ROWS; i++)
		keep[i] = i % 3 != 0;
}

static void find_peers(bool has_blas, bool has_onednn)
{
	for (struct entry *e = entries; e < entries + n_entries; e++) {
		if (has_onednn && e->conv)
			e->onednn = onednn_conv(e->conv, e->pass, in[0], in[1], out[0]);
		e->has[OURS] = true;
		e->has[OPENBLAS] = has_blas && e->gemm.m > 0;
		e->has[ONEDNN] = has_onednn && (e->gemm.m > 0 || e->onednn);
	}
}

static void measure(const char *isa, int rounds, double *fma, double *stream)
{
	for (int r = -1; r < rounds; r++) { /* the first round warms up */
		int k = r < 0 ? 0 : r;
		fma[k] = peak_rate(isa, false);
		stream[k] = peak_rate(isa, true);
		for (struct entry *e = entries; e < entries + n_entries; e++) {
			double before = peak_rate(isa, e->flops == 0);
			for (int who = OURS; who < WHO; who++)
				if (e->has[who])
					e->rate[who][k] = rate_of(e, (enum who)who);
			double after = peak_rate(isa, e->flops == 0);
			e->share[k] = 2 * e->rate[OURS][k] / (before + after);
		}
		memset(out[1], 0, FLOATS * sizeof(float));
		memset(out[2], 0, FLOATS * sizeof(float));
	}
}

static void choose(const char *only)
{
	int kept = 0;
	fill_table();
	for (int i = 0; i < n_entries; i++)
		if (!only || strstr(entries[i].name, only))
			entries[kept++] = entries[i];
	n_entries = kept;
	if (n_entries == 0)
		die_usage("no entry's name holds '%s'", only);
}

/* What every process pays once before its first operation: under 5 ms. */
static double selftest_s(void)
{
	double best = 1e9;
	for (int i = 0; i < 11; i++) {
		double start = clock_cpu_s();
		const char *wrong = selftest_run(o, ops_cpu_named("scalar"));
		double s = clock_cpu_s() - start;
		if (wrong)
			die("%s: the self-test finds %s wrong", o->name, wrong);
		best = fmin(best, s);
	}
	return best;
}

int main(int argc, char **argv)
{
	const char *isa = NULL, *rounds_text = "11", *only = NULL;
	const struct arg options[] = {
		{"isa", "NAME", "instruction set: scalar, avx2, avx512 (default: the best)", .text = &isa},
		{"rounds", "N", "interleaved rounds, median taken (default 11)", .text = &rounds_text},
		{"only", "TEXT", "only entries whose name holds this", .text = &only},
		{0}};

	args_parse(argc, argv,
		   &(struct args){.purpose = "measure every operation of a training step on one core",
				  .synopsis = "bench [options]",
				  .options = options,
				  .example = "bench --only conv --isa avx2"});

	int rounds = atoi(rounds_text);
	if (rounds < 1 || rounds > MAX_ROUNDS)
		die_usage("--rounds: expected 1 to %d", MAX_ROUNDS);
	setenv("EINTHOVEN_THREADS", "1", 1);
	o = isa ? ops_cpu_named(isa) : ops_cpu();
	if (!o)
		die_usage("--isa %s: unknown, or not runnable here", isa);
	isa = o->name + strlen("cpu/");
	allocate();
	choose(only);

	bool is_avx512 = strcmp(isa, "avx512") == 0, has_blas = blas_open(is_avx512 ? "SkylakeX" : "Haswell"),
	     has_onednn = onednn_open(isa);
	double fma[MAX_ROUNDS], stream[MAX_ROUNDS];
	find_peers(has_blas, has_onednn);
	measure(isa, rounds, fma, stream);
	printf("%s, one thread, median of %d interleaved rounds, per CPU second\n", o->name, rounds);
	printf("peak: fma %.1f GFLOP/s, stream %.1f GB/s; OpenBLAS: %s; oneDNN: %s\n",
	       median(fma, rounds) / 1e9, median(stream, rounds) / 1e9,
	       has_blas ? blas_core() : "not installed", has_onednn ? isa : "not installed");
	printf("self-test: %.2f ms\n", 1e3 * selftest_s());
	printf("%-26s %8s %8s %7s %7s %8s %6s %8s %6s\n", "", "median", "best", "", "of peak", "OpenBLAS",
	       "ratio", "oneDNN", "ratio");
	for (int i = 0; i < n_entries; i++)
		print_entry(&entries[i], rounds);

	return 0;
}
