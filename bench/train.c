/*
 * make bench-train: pretraining steps as stages/pretrain/ runs them, on noise: two views of each record
 * drawn, forward, NT-Xent, backward, AdamW. Prints one line: records per second of wall time, CPU
 * milliseconds per record, peak resident memory in MB, and that without what the program itself takes.
 * bench/train.py prints the same for PyTorch.
 *
 *	bench-train [--model NAME] [--steps N] [--batch N] [--micro-batch N] [--lead-mask P] [--profile]
 *	bench-train --peak
 *
 * EINTHOVEN_DEVICE=cuda and --fast measure a card (bench/gpu.sh); --product N is how fast it multiplies two
 * matrices of N rows and columns, and --flops what a record takes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "bench/clock.h"
#include "bench/peak.h"
#include "bench/timed.h"
#include "common/args.h"
#include "common/die.h"
#include "common/pool.h"
#include "ecg/batch.h"
#include "numbers/philox.h"
#include "model/contrast.h"
#include "model/memory.h"

enum { SAMPLES = 1000, SEGMENT = 500, RATE_HZ = 100 };
/* Libraries plan a shape when it comes first: with kept leads by powers of two most have come by then. */
enum { WARM_UP = 1, WARM_UP_FAST = 10 };

static struct augment policy = {
	.views = {.strategy = VIEWS_HALVES, .rate_hz = RATE_HZ, .samples = SAMPLES, .segment = SEGMENT},
	.gain = 2,
	.noise_max = 0.2,
	.noise_p = 1};

struct run {
	struct batch_source source;
	struct batch_place *order;
	struct batch_drawing drawing;
	struct contrast *contrast;
	int n, micro_batch;
};

static double wall_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

/* Of all threads. */
static double process_cpu_s(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return seconds(u.ru_utime) + seconds(u.ru_stime);
}

static void make_records(struct run *r)
{
	size_t n = (size_t)r->n, floats = n * LEADS * SAMPLES;
	uint64_t *record = die_calloc(n, sizeof *record);
	float *x = die_calloc(floats, sizeof *x);
	const void **signal = die_calloc(n, sizeof *signal);
	struct philox random = philox_open(0, PURPOSE_NOISE, 0, 0);
	for (size_t i = 0; i < n; i++) {
		record[i] = i;
		signal[i] = x + i * LEADS * SAMPLES;
	}
	for (size_t i = 0; i < floats; i++)
		x[i] = (float)philox_uniform(&random);
	r->source = (struct batch_source){
		.policy = &policy, .n = n, .record = record, .patient = record, .signal = signal};
	r->order = die_calloc(n, sizeof *r->order);
}

/* In micro-batches where the device has no room for all, as pretrain does. */
static void fit(const struct ops *o, struct contrast_settings *s)
{
	struct memory_need need = contrast_need(s);
	int asked = s->micro_batch;
	if (memory_fit(o, &need) < 0)
		die("%s: a batch of %d needs %.3g GB and %.3g GB are free there; make --batch, --micro-batch "
		    "or --model smaller",
		    o->name, s->n, (double)need.n_bytes / 1e9, (double)o->room() / 1e9);
	if (s->micro_batch != asked)
		warn("micro-batches of %d views, for more do not fit into the memory of %s", s->micro_batch,
		     o->name);
}

static void make_network(struct run *r, const struct ops *o, const char *model)
{
	struct contrast_settings s = {.n = r->n,
				      .loss = &loss_ntxent,
				      .micro_batch = r->micro_batch,
				      .temperature = 0.1f,
				      .seed = 1,
				      .optimizer = {.weight_decay = 0.05f}};
	if (encoder_preset(&s.net, model, SEGMENT, RATE_HZ) < 0)
		die_usage("--model: expected tiny, small, base or resnet18");
	fit(o, &s);
	r->contrast = contrast_new(o, &s);
}

static void begin_drawing(struct run *r)
{
	static uint32_t epoch;
	batch_shuffle(r->order, &r->source, epoch);
	struct contrast_batch b = contrast_batch(r->contrast);
	r->drawing = (struct batch_drawing){b.x,  b.keep, &r->source, r->order,
					    r->n, 2,	  epoch++,    pairing_draw(PAIRING_POLICY, 0, 0),
					    0,	  0};
	batch_draw_begin(&r->drawing, b.patient);
}

static void refuse_skipped(struct contrast *c)
{
	struct contrast_result results[CONTRAST_STEPS];
	for (int i = contrast_tell(c, results) - 1; i >= 0; i--)
		if (results[i].is_skipped)
			die("a step was skipped: what was measured is no training");
}

/* As stages/pretrain/: views are drawn while the step before computes. Returns the CPU seconds that this
 * thread spent on what was left to draw: with one thread, all of it. */
static double steps(struct run *r, int n)
{
	double drawing = 0;
	for (int i = 0; i < n; i++) {
		double start = clock_cpu_s();
		batch_draw_end();
		drawing += clock_cpu_s() - start;
		contrast_load(r->contrast);
		begin_drawing(r);
		contrast_learn(r->contrast, 1e-4f);
		if (i + 1 == n || (i + 1) % CONTRAST_STEPS == 0)
			refuse_skipped(r->contrast);
	}
	return drawing;
}

static double peak_mb(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss * 1024e-6;
}

/* Until the device has done all it was asked for. */
static void wait_for(const struct ops *o)
{
	float nothing, *p = o->alloc(sizeof *p);
	o->download(&nothing, p, sizeof nothing);
	o->release(p);
}

/* before_mb: what the program took before it had any data. */
static void measure(struct run *r, int n_warm_up, int n_steps, double before_mb)
{
	steps(r, n_warm_up);
	wait_for(r->contrast->ops);
	double wall = wall_s(), cpu = process_cpu_s(), records = (double)n_steps * r->n;
	steps(r, n_steps);
	wait_for(r->contrast->ops);
	wall = wall_s() - wall;
	cpu = process_cpu_s() - cpu;
	printf("einthoven %.1f %.3f %.0f %.0f\n", records / wall, 1e3 * cpu / records, peak_mb(),
	       peak_mb() - before_mb);
}

static double peak_flops(const char *isa)
{
	double best = 0;
	for (int i = 0; i < 20; i++) {
		double start = clock_cpu_s(), work = peak_fma(isa), rate = work / (clock_cpu_s() - start);
		best = rate > best ? rate : best;
	}
	return best;
}

/* GFLOP/s of a product of n x n matrices, the best of several. */
static double product_rate(const struct ops *o, int n)
{
	enum { TRIES = 5, EACH = 4 };
	size_t n_bytes = (size_t)n * (size_t)n * sizeof(float);
	float *a = o->alloc(n_bytes), *b = o->alloc(n_bytes), *c = o->alloc(n_bytes);
	struct gemm g = {.m = n, .n = n, .k = n, .a = a, .lda = n, .b = b, .ldb = n, .c = c, .ldc = n};
	double best = 0;
	for (int i = 0; i < TRIES; i++) {
		wait_for(o);
		double start = wall_s();
		for (int j = 0; j < EACH; j++)
			o->gemm(&g);
		wait_for(o);
		double rate = 2e-9 * EACH * n * n * n / (wall_s() - start);
		best = rate > best ? rate : best;
	}
	o->release(a);
	o->release(b);
	o->release(c);
	return best;
}

static void profile(struct run *r, int n_steps, const char *isa)
{
	steps(r, WARM_UP);
	timed_reset();
	double start = clock_cpu_s(), drawing = steps(r, n_steps), total = clock_cpu_s() - start;
	double peak = peak_flops(isa);
	printf("cpu/%s, one thread, %d steps of %d records, %.2f CPU ms per record; fma peak %.0f GFLOP/s\n",
	       isa, n_steps, r->n, 1e3 * total / n_steps / r->n, peak / 1e9);
	timed_print(total, peak);
	printf("%-26s %5.1f %% %8.3f\n", "drawing of views", 100 * drawing / total, drawing);
}

int main(int argc, char **argv)
{
	const char *n_steps = "4", *batch = "128", *micro_batch = "0", *lead_mask = "0.5", *model = "small";
	const char *product = NULL;
	bool is_profile = false, is_peak = false, is_fast = false, is_bf16 = false, is_flops = false;
	const struct arg options[] = {
		{"model", "NAME", "tiny, small, base or resnet18 (default small)", .text = &model},
		{"steps", "N", "steps to measure, after one that warms up, ten with --fast (default 4)",
		 .text = &n_steps},
		{"batch", "N", "records of a batch (default 128)", .text = &batch},
		{"micro-batch", "N",
		 "views whose activations are kept at once, a multiple of 64 (default 0: all)",
		 .text = &micro_batch},
		{"lead-mask", "P", "probability that a lead of a view is masked (default 0.5)",
		 .text = &lead_mask},
		{"profile", NULL, "where the time of a step goes, on one thread", .flag = &is_profile},
		{"fast", NULL, "numerics: fast", .flag = &is_fast},
		{"bf16", NULL, "with --fast: numerics: fast-bf16", .flag = &is_bf16},
		{"product", "N", "only the GFLOP/s of a product of N x N matrices", .text = &product},
		{"flops", NULL, "only the GFLOP of a record", .flag = &is_flops},
		{"peak", NULL, "only what one core can do: instruction set and GFLOP/s", .flag = &is_peak},
		{0}};

	args_parse(argc, argv,
		   &(struct args){.purpose = "measure pretraining on halves of 10 s at 100 Hz",
				  .synopsis = "bench-train [options]",
				  .options = options,
				  .example = "bench-train --profile"});

	double before_mb = peak_mb();
	struct run r = {.n = atoi(batch), .micro_batch = atoi(micro_batch)};
	if (r.n < 2 || r.n > 4096 || atoi(n_steps) < 1)
		die_usage("--batch: expected 2 to 4096; --steps: 1 or more");
	if (is_profile)
		setenv("EINTHOVEN_THREADS", "1", 1);
	policy.lead_mask_p = atof(lead_mask);

	ops_choose("auto", !is_fast ? OPS_EXACT : is_bf16 ? OPS_BF16 : OPS_TF32);
	const struct ops *o = is_profile || is_peak || is_flops ? ops_cpu() : ops_chosen();
	if (product) {
		printf("%.3f\n", product_rate(o, atoi(product)));
		return 0;
	}
	if (is_peak) {
		printf("%s %.0f\n", o->name + 4, peak_flops(o->name + 4) / 1e9);
		return 0;
	}
	make_records(&r);
	make_network(&r, is_profile || is_flops ? timed_ops(o) : o, model);
	begin_drawing(&r);
	if (is_flops) {
		timed_reset();
		steps(&r, 1);
		printf("%.4f\n", 1e-9 * timed_flops() / r.n);
	} else if (is_profile) {
		profile(&r, atoi(n_steps), o->name + 4);
	} else {
		measure(&r, is_fast ? WARM_UP_FAST : WARM_UP, atoi(n_steps), before_mb);
	}

	return 0;
}
