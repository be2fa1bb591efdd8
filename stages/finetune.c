#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/die.h"
#include "common/pool.h"
#include "common/progress.h"
#include "ecg/batch.h"
#include "ecg/lead.h"
#include "model/checkpoint.h"
#include "model/config.h"
#include "model/finetune.h"
#include "model/offset.h"
#include "model/schedule.h"
#include "model/subset.h"
#include "stages/parts/judge.h"
#include "stages/parts/network.h"
#include "store/stage.h"

/* So many skipped steps in a row mean that the weights are beyond help. */
#define SKIPPED_LIMIT 50

enum {
	RECORDS = 64,
	MIN_BATCH = 8
}; /* records that are looked at together; the batch does not shrink below it */

enum { TUNED, PROBE, MAJORITY, ARMS };

enum { EPOCH, LOSS, AUROC, LR, NORM, SKIPPED, COLUMNS };
static const char *const column_names[COLUMNS] = {"epoch", "loss", "auroc", "lr", "gradient_norm", "skipped"};

/* What the network reads of one part's records. */
struct input {
	float *base;  /* [n][n_bases][12][base_samples] */
	float *extra; /* [n][n_extra] log-std of the leads */
};

/* What changes while training; all of it goes into a checkpoint. */
struct state {
	int64_t step, n_skipped, n_skipped_in_a_row, best_epoch, is_over;
	double best, loss; /* macro AUROC of the best epoch; sum of the epoch's losses */
};

struct study {
	struct stage_run *run;
	const struct artifact *model, *probe, *signals;
	struct judge judge;
	struct judge_arm arm[ARMS];
	bool is_scratch, has_scale;
	struct augment policy;
	struct input input[PROBE_PARTS];
	struct finetune *net;
	int n_views, n_extra;
	/* training */
	struct batch_source source;
	struct batch_place *order; /* [n] of this epoch */
	uint64_t *patient;	   /* [n] of the training records */
	int batch, per_epoch, n_epochs;
	struct schedule schedule; /* of the share of both rates: peak 1 */
	struct state state;
	float *history;		     /* [n_epochs + 1][COLUMNS] */
	float *best_net, *best_head; /* weights of the best epoch, host */
	float *x, *extra;	     /* of a batch */
	uint8_t *keep, *truth;
	uint64_t *drawn;
	char checkpoint[4096];
	double saved_s, every_s;
	/* results */
	float *probability[PROBE + 1][PROBE_PARTS];
	struct probe majority;
	double *prior, *weight[PROBE + 1], tau[PROBE + 1];
	float *mean, *scale; /* of the classifier's features */
};

/* ---- reading ---- */

static void read_policy(struct study *s)
{
	struct error e = {0};
	struct views v;
	const struct params *p = s->run->params;
	if (views_read(&v, artifact_get_attribute(s->model, "views"), &e) < 0 ||
	    augment_read(&s->policy, artifact_get_attribute(s->model, "augment"), &v, &e) < 0)
		die("model %s: %s", artifact_id(s->model), error_text(&e));
	/* Amplitudes and leads are what diagnoses rest on, so what hid them from pretraining is off unless asked for. */
	s->policy.seed = (uint64_t)params_int(p, "seed");
	s->policy.lead_mask_p = params_float(p, "lead_mask_p");
	s->policy.gain = params_float(p, "gain");
	s->policy.noise_min = 0;
	s->policy.noise_max = params_float(p, "noise");
	s->policy.noise_p = s->policy.noise_max > 0;
	if (s->policy.pool_draws > 1)
		s->policy.pool_draws = 1;
	s->n_views = views_n_fixed(&v);
}

static void check_signals(const struct study *s)
{
	const struct views *v = &s->policy.views;
	if (json_number_value(artifact_get_attribute(s->signals, "rate_hz")) != v->rate_hz ||
	    artifact_integer(s->signals, "samples") != v->samples ||
	    !json_equal(artifact_get_attribute(s->signals, "normalize"),
			artifact_get_attribute(s->model, "normalize")))
		die("signals %s: other rate, length or normalisation than those the model was trained on",
		    artifact_id(s->signals));
	if (!json_equal(artifact_get_attribute(s->signals, "classes"),
			artifact_get_attribute(s->probe, "classes")))
		die("signals %s: other classes than those of the probe", artifact_id(s->signals));
}

static void draw_subset(struct study *s)
{
	const struct judge_part *p = &s->judge.part[PROBE_TRAIN];
	const struct params *q = s->run->params;
	uint64_t *patient = die_malloc(p->n * sizeof *patient);
	uint8_t *chosen = die_malloc(p->n);
	for (size_t i = 0; i < p->n; i++)
		patient[i] = p->label[i].patient;
	subset_draw(chosen, &(struct subset){p->n, patient, p->truth, s->judge.n_classes,
					     params_float(q, "label_fraction"),
					     (uint64_t)params_int(q, "label_draw")});
	judge_keep(&s->judge, chosen);
	free(patient);
	free(chosen);
}

static void copy_floats(float *to, const struct study *s, const char *table, uint64_t record, size_t n)
{
	struct artifact_value v = artifact_get_record(s->signals, table, record);
	if (!v.bytes || v.n_bytes != n * sizeof *to)
		die("signals %s: record %" PRIu64 " has %zu bytes in table %s, expected %zu",
		    artifact_id(s->signals), record, v.n_bytes, table, n * sizeof *to);
	memcpy(to, v.bytes, v.n_bytes);
}

static size_t base_size(const struct study *s)
{
	return LEADS * (size_t)views_base_samples(&s->policy.views);
}

static size_t input_size(const struct study *s)
{
	return LEADS * (size_t)views_input_samples(&s->policy.views);
}

static void load_part(struct study *s, int part)
{
	const struct views *v = &s->policy.views;
	const struct judge_part *p = &s->judge.part[part];
	size_t n_bases = (size_t)views_n_bases(v), n_signal = LEADS * (size_t)v->samples;
	float *signal = die_malloc(n_signal * sizeof *signal);
	struct input *in = &s->input[part];
	in->base = die_malloc((p->n * n_bases * base_size(s) + 1) * sizeof *in->base);
	in->extra = die_malloc((p->n * LEADS + 1) * sizeof *in->extra);
	for (size_t i = 0; i < p->n; i++) {
		copy_floats(signal, s, "signal", p->record[i], n_signal);
		for (size_t k = 0; k < n_bases; k++)
			views_base(v, in->base + (i * n_bases + k) * base_size(s), signal, (int)k);
		if (s->has_scale)
			copy_floats(in->extra + i * LEADS, s, "scale", p->record[i], LEADS);
	}
	free(signal);
}

static void read_inputs(struct study *s)
{
	s->model = s->run->input[0];
	s->probe = s->run->input[1];
	s->signals = s->run->input[2];
	s->is_scratch = !strcmp(params_text(s->run->params, "from"), "scratch");
	s->has_scale = !strcmp(artifact_text(s->probe, "features"), "embedding+scale");
	s->n_extra = s->has_scale ? LEADS : 0;
	read_policy(s);
	check_signals(s);
	judge_open(&s->judge, s->signals, !strcmp(artifact_text(s->probe, "labels"), "multi"));
	draw_subset(s);
	for (int k = 0; k < PROBE_PARTS; k++)
		load_part(s, k);
}

/* ---- looking: embeddings and probabilities of a part ---- */

struct looking {
	const struct study *s;
	const float *base;
	float *x;
};

static void make_view(void *context, int task)
{
	const struct looking *l = context;
	const struct views *v = &l->s->policy.views;
	size_t n_views = (size_t)l->s->n_views, view = (size_t)task % n_views;
	size_t base = (size_t)task / n_views * (size_t)views_n_bases(v) + (size_t)views_base_of(v, (int)view);
	views_fixed(v, l->x + (size_t)task * input_size(l->s), l->base + base * base_size(l->s), (int)view);
}

/* probability [n][n_classes] or, without it, h [n][dim+n_extra] of a part's records. */
static void look(struct study *s, int part, float *probability, float *h)
{
	const struct input *in = &s->input[part];
	size_t dim = (size_t)s->net->net->dim, n_extra = (size_t)s->n_extra;
	size_t bases = (size_t)views_n_bases(&s->policy.views) * base_size(s);
	struct looking l = {.s = s};
	float *rows = die_malloc(RECORDS * dim * sizeof *rows);
	l.x = die_malloc(RECORDS * (size_t)s->n_views * input_size(s) * sizeof *l.x);
	for (size_t i = 0; i < s->judge.part[part].n; i += RECORDS) {
		size_t left = s->judge.part[part].n - i;
		int n = left < RECORDS ? (int)left : RECORDS;
		l.base = in->base + i * bases;
		pool_run(make_view, &l, n * s->n_views);
		if (probability) {
			finetune_predict(s->net, probability + i * (size_t)s->judge.n_classes, l.x,
					 in->extra + i * n_extra, n);
			continue;
		}
		finetune_embed(s->net, rows, l.x, n);
		for (size_t r = 0; r < (size_t)n; r++) {
			memcpy(h + (i + r) * (dim + n_extra), rows + r * dim, dim * sizeof *h);
			memcpy(h + (i + r) * (dim + n_extra) + dim, in->extra + (i + r) * n_extra,
			       n_extra * sizeof *h);
		}
	}
	free(rows);
	free(l.x);
}

static double macro_auroc(const struct study *s, const float *probability)
{
	const struct judge_part *p = &s->judge.part[PROBE_VALIDATION];
	struct metrics m;
	metrics_init(&m, s->judge.n_classes);
	metrics_compute(&m, &(struct metrics_input){.n = p->n,
						    .n_classes = s->judge.n_classes,
						    .is_multi = s->judge.is_multi,
						    .probability = probability,
						    .truth = p->truth});
	double out = m.macro_auroc;
	metrics_release(&m);
	return out;
}

/* ---- the network and what its classifier starts from ---- */

static void make_network(struct study *s)
{
	const struct params *p = s->run->params;
	struct error e = {0};
	struct finetune_settings f = {.n_classes = s->judge.n_classes,
				      .n_extra = s->n_extra,
				      .is_multi = s->judge.is_multi,
				      .max_rows = 2 * s->batch,
				      .max_records = RECORDS,
				      .n_views = s->n_views,
				      .lr = (float)params_float(p, "lr"),
				      .encoder_lr = (float)params_float(p, "encoder_lr"),
				      .decay = (float)params_float(p, "layer_decay"),
				      .optimizer = {.weight_decay = (float)params_float(p, "weight_decay"),
						    .max_norm = (float)params_float(p, "clip")}};
	if (config_read(&f.net, artifact_get_attribute(s->model, "config"), &e) < 0)
		die("model %s: %s", artifact_id(s->model), error_text(&e));
	if (encoder_samples(&f.net) != views_input_samples(&s->policy.views))
		die("model %s: its attributes contradict each other", artifact_id(s->model));
	if (s->is_scratch) { /* nothing learned before is to be kept */
		f.encoder_lr = f.lr;
		f.decay = 1;
	}
	s->net = finetune_new(ops_cpu(), &f);
	if (s->is_scratch)
		encoder_init(s->net->net, s->policy.seed);
	else
		network_load(s->net->net, s->model);
	finetune_settle(s->net);
}

static void read_weight(const struct study *s, float *to, const char *key, size_t n)
{
	struct artifact_value v = artifact_get(s->probe, "weight", key, strlen(key));
	if (!v.bytes || v.n_bytes != n * sizeof *to)
		die("scores %s: %s has %zu bytes, expected %zu", artifact_id(s->probe), key, v.n_bytes,
		    n * sizeof *to);
	memcpy(to, v.bytes, v.n_bytes);
}

static void round_to(float *to, const double *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (float)from[i];
}

/* A probe of this encoder on these labels alone: the published one has seen more labels, or another encoder. */
static void fit_probe(struct study *s, float *weight, float *bias)
{
	struct probe p;
	struct probe_data data = judge_data(&s->judge);
	float *h[PROBE_PARTS];
	size_t d = (size_t)(s->net->net->dim + s->n_extra), n = (size_t)s->judge.n_classes;
	for (int k = 0; k < PROBE_PARTS; k++) {
		h[k] = die_malloc((data.n[k] * d + 1) * sizeof(float));
		look(s, k, NULL, h[k]);
	}
	probe_fit(&p, &data, (const float *const *)h, (int)d,
		  &(struct probe_options){1e-5, 100, 15, params_bool(s->run->params, "class_offset"), NULL});
	round_to(s->mean, p.scaler.mean, d);
	round_to(s->scale, p.scaler.scale, d);
	round_to(weight, p.coefficient, n * d);
	round_to(bias, p.bias, n);
	probe_release(&p);
	for (int k = 0; k < PROBE_PARTS; k++)
		free(h[k]);
}

static void start_head(struct study *s)
{
	size_t d = (size_t)(s->net->net->dim + s->n_extra), n = (size_t)s->judge.n_classes;
	float *weight = die_malloc(n * d * sizeof *weight), *bias = die_malloc(n * sizeof *bias);
	s->mean = die_malloc(d * sizeof *s->mean);
	s->scale = die_malloc(d * sizeof *s->scale);
	if (s->is_scratch || params_float(s->run->params, "label_fraction") < 1) {
		fit_probe(s, weight, bias);
	} else {
		read_weight(s, s->mean, "mean", d);
		read_weight(s, s->scale, "scale", d);
		read_weight(s, weight, "weight", n * d);
		read_weight(s, bias, "bias", n);
	}
	classifier_set(s->net->head, s->mean, s->scale, weight, bias);
	free(weight);
	free(bias);
}

static void predict(struct study *s, int arm)
{
	for (int k = PROBE_VALIDATION; k < PROBE_PARTS; k++)
		look(s, k, s->probability[arm][k], NULL);
}

/* ---- setting up ---- */

static void plan(struct study *s)
{
	const struct params *p = s->run->params;
	int64_t n = (int64_t)s->judge.part[PROBE_TRAIN].n, batch = params_int(p, "batch"),
		limit = n / params_int(p, "min_steps");
	if (limit < MIN_BATCH)
		limit = MIN_BATCH;
	if (batch > limit)
		batch = limit;
	s->batch = (int)(batch < n ? batch : n);
	s->per_epoch = (int)(n / s->batch);
	s->n_epochs = (int)params_int(p, "epochs");
	int64_t n_steps = (int64_t)s->n_epochs * s->per_epoch;
	s->schedule = (struct schedule){.peak = 1,
					.n_warmup = (int64_t)(params_float(p, "warmup") * (double)n_steps),
					.n_steps = n_steps};
}

static void allocate(struct study *s)
{
	size_t n_classes = (size_t)s->judge.n_classes, rows = 2 * (size_t)s->batch,
	       n = s->judge.part[PROBE_TRAIN].n;
	s->order = die_malloc(n * sizeof *s->order);
	s->patient = die_malloc(n * sizeof *s->patient);
	s->drawn = die_malloc(n * sizeof *s->drawn);
	s->history = die_calloc((size_t)(s->n_epochs + 1) * COLUMNS, sizeof *s->history);
	s->x = die_malloc(rows * input_size(s) * sizeof *s->x);
	s->extra = die_malloc((rows * LEADS) * sizeof *s->extra);
	s->keep = die_malloc(rows * LEADS);
	s->truth = die_malloc(rows * n_classes);
	s->prior = die_malloc(n_classes * sizeof *s->prior);
	for (int a = 0; a <= PROBE; a++) {
		s->weight[a] = die_malloc(n_classes * sizeof *s->weight[a]);
		for (int k = PROBE_VALIDATION; k < PROBE_PARTS; k++)
			s->probability[a][k] = die_calloc(s->judge.part[k].n * n_classes + 1, sizeof(float));
	}
	for (size_t i = 0; i < n; i++)
		s->patient[i] = s->judge.part[PROBE_TRAIN].label[i].patient;
	s->source = (struct batch_source){&s->policy, n, s->judge.part[PROBE_TRAIN].record, s->patient,
					  s->input[PROBE_TRAIN].base};
}

static void set_up(struct study *s)
{
	read_inputs(s);
	plan(s);
	allocate(s);
	make_network(s);
	start_head(s);
	s->best_net = die_malloc(s->net->net->tensors->count * sizeof(float));
	s->best_head = die_malloc(s->net->head->tensors.count * sizeof(float));
}

static void tear_down(struct study *s)
{
	for (int k = 0; k < PROBE_PARTS; k++) {
		free(s->input[k].base);
		free(s->input[k].extra);
		for (int a = 0; a <= PROBE; a++)
			free(s->probability[a][k]);
	}
	for (int a = 0; a <= PROBE; a++)
		free(s->weight[a]);
	void *const rest[] = {s->order, s->patient, s->drawn, s->history, s->x,	       s->extra,    s->keep,
			      s->truth, s->prior,   s->mean,  s->scale,	  s->best_net, s->best_head};
	for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
		free(rest[i]);
	finetune_free(s->net);
	probe_release(&s->majority);
	judge_close(&s->judge);
}

/* ---- checkpoints ---- */

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

enum { ARRAYS = 6 };

/* Weights and moments are in ops memory; a device's are brought here first. */
static void checkpoint(struct study *s, bool is_saving)
{
	struct optimizer *o[] = {&s->net->body, &s->net->top};
	struct checkpoint_part parts[ARRAYS + 7] = {
		{&s->state, sizeof s->state},
		{&o[0]->n_steps, sizeof o[0]->n_steps},
		{&o[1]->n_steps, sizeof o[1]->n_steps},
		{s->history, (size_t)(s->n_epochs + 1) * COLUMNS * sizeof *s->history},
		{s->best_net, o[0]->tensors->count * sizeof(float)},
		{s->best_head, o[1]->tensors->count * sizeof(float)}};
	struct checkpoint_part *arrays = parts + 6;
	float *device[ARRAYS];
	for (int i = 0; i < ARRAYS; i++) {
		struct optimizer *of = o[i / 3];
		device[i] = i % 3 == 0 ? of->tensors->weights : i % 3 == 1 ? of->m : of->v;
		arrays[i].n_bytes = of->tensors->count * sizeof(float);
		arrays[i].bytes = die_malloc(arrays[i].n_bytes);
		if (is_saving)
			s->net->ops->download(arrays[i].bytes, device[i], arrays[i].n_bytes);
	}
	bool is_loaded = !is_saving && checkpoint_load(s->checkpoint, s->run->key, parts);
	if (is_saving)
		checkpoint_save(s->checkpoint, s->run->key, parts);
	for (int i = 0; i < ARRAYS; i++) {
		if (is_loaded)
			s->net->ops->upload(device[i], arrays[i].bytes, arrays[i].n_bytes);
		free(arrays[i].bytes);
	}
	s->saved_s = now_s();
}

static void resume(struct study *s)
{
	snprintf(s->checkpoint, sizeof s->checkpoint, "%s/finetune", stage_checkpoint(s->run));
	s->every_s = 60 * params_float(s->run->params, "checkpoint_minutes");
	checkpoint(s, false);
	if (s->state.step > 0)
		warn("continuing at step %" PRId64 " of %" PRId64, s->state.step, s->schedule.n_steps);
}

/* ---- training ---- */

static void keep_best(struct study *s, int64_t epoch, double auroc)
{
	const struct tensors *net = s->net->net->tensors, *head = &s->net->head->tensors;
	s->state.best = auroc;
	s->state.best_epoch = epoch;
	s->net->ops->download(s->best_net, net->weights, net->count * sizeof(float));
	s->net->ops->download(s->best_head, head->weights, head->count * sizeof(float));
}

static void restore_best(struct study *s)
{
	const struct tensors *net = s->net->net->tensors, *head = &s->net->head->tensors;
	s->net->ops->upload(net->weights, s->best_net, net->count * sizeof(float));
	s->net->ops->upload(head->weights, s->best_head, head->count * sizeof(float));
	finetune_settle(s->net);
}

/* Probabilities of the network as it is stand in probability[TUNED][PROBE_VALIDATION]. What cannot be measured (fold 9
 * lacks records or classes) stops nothing: the last epoch counts then. */
static void end_epoch(struct study *s, struct progress *p)
{
	int64_t epoch = s->state.step / s->per_epoch;
	float *row = s->history + epoch * COLUMNS;
	finetune_settle(s->net);
	look(s, PROBE_VALIDATION, s->probability[TUNED][PROBE_VALIDATION], NULL);
	double auroc = macro_auroc(s, s->probability[TUNED][PROBE_VALIDATION]);
	row[EPOCH] = (float)epoch;
	row[LOSS] = (float)(s->state.loss / s->per_epoch);
	row[AUROC] = isfinite(auroc) ? (float)auroc : 0;
	s->state.loss = 0;
	if (!isfinite(auroc) || auroc > s->state.best)
		keep_best(s, epoch, isfinite(auroc) ? auroc : 0);
	s->state.is_over =
		epoch == s->n_epochs || epoch - s->state.best_epoch >= params_int(s->run->params, "patience");
	progress_line(p, "epoch %" PRId64 "/%d  loss %.4f  fold 9 AUROC %.4f (best %.4f)  gradient %.2g%s%s",
		      epoch, s->n_epochs, (double)row[LOSS], (double)row[AUROC], s->state.best,
		      (double)row[NORM], row[SKIPPED] > 0 ? "  STEPS SKIPPED" : "",
		      s->state.is_over && epoch < s->n_epochs ? "  no better for long: stopped" : "");
}

static void draw_batch(struct study *s, int64_t epoch, int i)
{
	const struct batch_place *order = s->order + (size_t)i * (size_t)s->batch;
	size_t n_classes = (size_t)s->judge.n_classes, n_extra = (size_t)s->n_extra, n = (size_t)s->batch;
	batch_draw(s->x, s->keep, s->drawn, &s->source, order, s->batch, (uint32_t)epoch);
	for (size_t r = 0; r < 2 * n; r++) {
		size_t row = order[r % n].row;
		memcpy(s->truth + r * n_classes, s->judge.part[PROBE_TRAIN].truth + row * n_classes,
		       n_classes);
		memcpy(s->extra + r * n_extra, s->input[PROBE_TRAIN].extra + row * n_extra,
		       n_extra * sizeof *s->extra);
	}
}

static void train_step(struct study *s, struct progress *p)
{
	int64_t epoch = s->state.step / s->per_epoch;
	float share = schedule_lr(&s->schedule, s->state.step), *row = s->history + (epoch + 1) * COLUMNS;
	draw_batch(s, epoch, (int)(s->state.step % s->per_epoch));
	struct finetune_result r = finetune_step(
		s->net, &(struct finetune_batch){s->x, s->keep, s->extra, s->truth, 2 * s->batch}, share);
	s->state.n_skipped += r.is_skipped;
	s->state.n_skipped_in_a_row = r.is_skipped ? s->state.n_skipped_in_a_row + 1 : 0;
	if (s->state.n_skipped_in_a_row >= SKIPPED_LIMIT)
		die("the gradient was not finite in %d steps in a row; lower finetune.lr", SKIPPED_LIMIT);
	s->state.loss += r.loss;
	row[LR] = share * s->net->settings.lr;
	row[NORM] = r.norm;
	row[SKIPPED] += r.is_skipped;
	s->state.step++;
	progress_note(p, "loss %.3f", r.loss);
	progress_step(p, 2 * (uint64_t)s->batch);
	if (s->state.step % s->per_epoch == 0)
		end_epoch(s, p);
}

/* False if interrupted: the state is saved then. */
static bool train(struct study *s)
{
	struct progress p;
	int64_t shuffled = -1;
	progress_start(&p, "finetune", "views",
		       (uint64_t)(s->schedule.n_steps - s->state.step) * 2 * (uint64_t)s->batch);
	while (!s->state.is_over) {
		int64_t epoch = s->state.step / s->per_epoch;
		if (epoch != shuffled)
			batch_shuffle(s->order, &s->source, (uint32_t)epoch);
		shuffled = epoch;
		train_step(s, &p);
		bool is_interrupted = *s->run->is_interrupted;
		if (is_interrupted || now_s() - s->saved_s >= s->every_s)
			checkpoint(s, true);
		if (is_interrupted && !s->state.is_over) {
			progress_end(&p);
			warn("interrupted at step %" PRId64 " of %" PRId64
			     "; the same command continues there",
			     s->state.step, s->schedule.n_steps);
			return false;
		}
	}
	progress_end(&p);
	return true;
}

/* ---- judging and writing ---- */

static void add_arm(struct study *s, int a, const char *key, const char *name, const char *table)
{
	struct judge_part *p = &s->judge.part[PROBE_VALIDATION];
	struct offset o =
		offset_choose(s->weight[a],
			      &(struct metrics_input){.n = p->n,
						      .n_classes = s->judge.n_classes,
						      .is_multi = s->judge.is_multi,
						      .probability = s->probability[a][PROBE_VALIDATION],
						      .truth = p->truth},
			      s->prior, params_bool(s->run->params, "class_offset"));
	s->arm[a] = (struct judge_arm){key,	     name,	    .weight = s->weight[a], .c = (double)NAN,
				       .tau = o.tau, .table = table};
	memcpy(s->arm[a].probability, s->probability[a], sizeof s->probability[a]);
}

static void judge(struct study *s)
{
	const struct params *p = s->run->params;
	struct probe_data data = judge_data(&s->judge);
	offset_prior(s->prior, data.truth[PROBE_TRAIN], data.n[PROBE_TRAIN], data.n_classes);
	probe_majority(&s->majority, &data);
	add_arm(s, TUNED, "finetuned", s->is_scratch ? "trained from scratch" : "fine-tuned", "probability");
	add_arm(s, PROBE, "probe", s->is_scratch ? "probe before training" : "linear probe",
		"probability_probe");
	s->arm[MAJORITY] = (struct judge_arm){"majority", "majority class", .weight = s->majority.weight,
					      .c = (double)NAN};
	memcpy(s->arm[MAJORITY].probability, s->majority.probability, sizeof s->majority.probability);
	judge_run(&s->judge, s->arm, ARMS, (uint64_t)params_int(p, "seed"), (int)params_int(p, "bootstrap"));
	if (!data.n[PROBE_VALIDATION])
		judge_note(&s->judge,
			   json_string("Fold 9 has no record: the last epoch was taken, without an "
				       "offset."));
	else if (s->state.best_epoch == 0)
		judge_note(&s->judge,
			   json_string("No epoch was better on fold 9 than the probe that training "
				       "started from, so that was taken."));
	judge_notes(&s->judge, s->prior);
}

static void write_history(struct artifact_writer *w, const struct study *s)
{
	json_t *columns = json_array();
	int table = artifact_table(w, "history");
	for (int k = 0; k < COLUMNS; k++)
		json_array_append_new(columns, json_string(column_names[k]));
	artifact_attribute(w, "history_columns", columns);
	for (int64_t i = 0; i <= s->state.step / s->per_epoch; i++)
		artifact_put_floats(w, table, artifact_key((uint64_t)i).bytes, 8, s->history + i * COLUMNS,
				    COLUMNS);
}

/* The classifier as the probe publishes its own. */
static void write_classifier(struct artifact_writer *w, const struct study *s)
{
	const struct classifier *c = s->net->head;
	size_t n = (size_t)s->judge.n_classes, d = (size_t)(s->net->net->dim + s->n_extra);
	const float *weights = s->best_head;
	int table = artifact_table(w, "weight");
	artifact_put_floats(w, table, "bias", 4, weights + c->tensors.list[c->linear.bias].offset, n);
	artifact_put_floats(w, table, "mean", 4, s->mean, d);
	artifact_put_floats(w, table, "scale", 5, s->scale, d);
	artifact_put_floats(w, table, "weight", 6, weights + c->tensors.list[c->linear.weight].offset, n * d);
}

static void write_scores(struct study *s)
{
	static const char *const of_signals[] = {"dataset"}, *const of_model[] = {"views", "augment",
										  "normalize", "statements"};
	const struct params *p = s->run->params;
	const struct encoder *net = s->net->net;
	struct artifact_writer *w = s->run->output = artifact_create("scores", 1);
	network_carry(w, s->signals, of_signals, 1);
	network_carry(w, s->model, of_model, sizeof of_model / sizeof *of_model);
	artifact_attribute(
		w, "strategy",
		json_deep_copy(json_object_get(artifact_get_attribute(s->model, "views"), "strategy")));
	artifact_attribute(w, "features", json_string(s->has_scale ? "embedding+scale" : "embedding"));
	artifact_attribute(w, "from", json_string(params_text(p, "from")));
	artifact_attribute(w, "label_fraction", json_real(params_float(p, "label_fraction")));
	artifact_attribute(w, "best_epoch", json_integer(s->state.best_epoch));
	artifact_attribute(w, "skipped_steps", json_integer(s->state.n_skipped));
	artifact_attribute(w, "config", config_json(&net->config));
	artifact_attribute(w, "tensors", config_shapes(net->tensors));
	judge_write(&s->judge, w);
	write_classifier(w, s);
	write_history(w, s);
	network_write(w, net);
}

static void run(struct stage_run *r)
{
	struct study s = {.run = r};
	set_up(&s);
	predict(&s, PROBE);
	double start = macro_auroc(&s, s.probability[PROBE][PROBE_VALIDATION]);
	s.history[AUROC] = isfinite(start) ? (float)start : 0;
	keep_best(&s, 0, isfinite(start) ? start : 0);
	resume(&s);
	warn("%zu records, batch %d, %" PRId64 " steps of %.1f MB activations; fold 9 AUROC %.4f before, %d "
	     "threads",
	     s.judge.part[PROBE_TRAIN].n, s.batch, s.schedule.n_steps, (double)s.net->net->arena_bytes / 1e6,
	     start, pool_threads());
	if (train(&s)) {
		restore_best(&s);
		predict(&s, TUNED);
		judge(&s);
		write_scores(&s);
	}
	tear_down(&s);
}

static void show(struct artifact *scores)
{
	json_t *arms = judge_read_arms(scores);
	double share = artifact_number(scores, "label_fraction");
	printf("%s, per record, %s, %g %% of the training labels\n",
	       !strcmp(artifact_text(scores, "from"), "scratch") ? "Training from scratch" : "Fine-tuning",
	       !strcmp(artifact_text(scores, "labels"), "multi") ? "any number of classes" : "one class each",
	       100 * share);
	judge_print_parts(scores);
	printf("chosen: epoch %" PRId64 ", tau %g\n\n", artifact_integer(scores, "best_epoch"),
	       json_number_value(json_object_get(json_array_get(arms, 0), "tau")));
	judge_print(scores, arms);
	json_decref(arms);
}

static const struct param params[] = {
	{"from", PARAM_CHOICE, .choices = "pretrained scratch", .otherwise = "pretrained",
	 .help = "start from the pretrained weights, or from new ones of the same network"},
	{"label_fraction", PARAM_FLOAT, .min = 0.0001, .max = 1, .otherwise = "1",
	 .help = "share of the labelled training records, by class, patients kept whole"},
	{"label_draw", PARAM_INT, .min = 0, .max = 4294967295, .otherwise = "1",
	 .help = "which share: another number, other patients"},
	{"epochs", PARAM_INT, .min = 1, .max = 1000000, .otherwise = "30",
	 .help = "passes over the training records at most"},
	{"patience", PARAM_INT, .unit = "epochs", .min = 1, .max = 1000000, .otherwise = "8",
	 .help = "stop after so many without a better macro AUROC on fold 9"},
	{"batch", PARAM_INT, .unit = "records", .min = 1, .max = 65536, .otherwise = "64",
	 .help = "records of a step; each gives two views"},
	{"min_steps", PARAM_INT, .min = 1, .max = 1000000, .otherwise = "16",
	 .help = "steps of an epoch at least: with few records the batch shrinks, down to 8"},
	{"lr", PARAM_FLOAT, .min = 0, .max = 10, .otherwise = "0.001",
	 .help = "peak learning rate of the classifier; from scratch, of all"},
	{"encoder_lr", PARAM_FLOAT, .min = 0, .max = 10, .otherwise = "0.0001",
	 .help = "of the encoder's last layers"},
	{"layer_decay", PARAM_FLOAT, .min = 0.01, .max = 1, .otherwise = "0.75",
	 .help = "each layer nearer to the input learns at this share of the one above it"},
	{"weight_decay", PARAM_FLOAT, .min = 0, .max = 10, .otherwise = "0.05", .help = "decoupled (AdamW)"},
	{"warmup", PARAM_FLOAT, .min = 0, .max = 1, .otherwise = "0.05",
	 .help = "share of the steps with a rising learning rate; then a cosine to 0"},
	{"clip", PARAM_FLOAT, .min = 1e-6, .max = 1e6, .otherwise = "1",
	 .help = "largest norm of a step's gradient"},
	{"lead_mask_p", PARAM_FLOAT, .min = 0, .max = 0.95, .otherwise = "0",
	 .help = "probability of masking, per lead of a training view"},
	{"gain", PARAM_FLOAT, .min = 1, .max = 10, .otherwise = "1",
	 .help = "random gain per lead of a training view, in [1/gain, gain]"},
	{"noise", PARAM_FLOAT, .min = 0, .max = 10, .otherwise = "0",
	 .help = "greatest deviation of the noise on training views, in those of the lead"},
	{"class_offset", PARAM_BOOL, .otherwise = "true",
	 .help = "choose tau of the class offset, logit - tau log prior, on fold 9"},
	{"bootstrap", PARAM_INT, .min = 0, .max = 100000, .otherwise = "1000",
	 .help = "patient-cluster resamples of fold 10 behind the intervals"},
	{"seed", PARAM_INT, .min = 0, .max = 4294967295, .otherwise = "1",
	 .help = "of order, views, resamples and, from scratch, the initial weights"},
	{"checkpoint_minutes", PARAM_FLOAT, .unit = "min", .min = 0, .max = 100000, .otherwise = "5",
	 .not_in_key = true, .help = "time between checkpoints; a killed training continues from the last"},
	{0}};

static const struct stage stage = {
	.name = "finetune",
	.purpose = "Train encoder and classifier together on the labels and print their scores",
	.inputs = INPUTS("pretrain", "probe", "preprocess"),
	.kind = "scores",
	.params = params,
	.run = run,
	.show = show};

int main(int argc, char **argv)
{
	return stage_main(&stage, argc, argv);
}
