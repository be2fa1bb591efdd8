#include "stages/finetune/training.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/die.h"
#include "common/progress.h"
#include "ecg/lead.h"
#include "model/checkpoint.h"

/* So many skipped steps in a row mean that the weights are beyond help. */
#define SKIPPED_LIMIT 50

enum { EPOCH, LOSS, AUROC, LR, NORM, SKIPPED, COLUMNS };
static const char *const column_names[COLUMNS] = {"epoch", "loss", "auroc", "lr", "gradient_norm", "skipped"};

/* ---- checkpoints ---- */

static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

enum { ARRAYS = 6 };

/* Weights and moments are in ops memory; a device's are brought here first. */
static void checkpoint(struct training *t, bool is_saving)
{
	struct optimizer *o[] = {&t->net->body, &t->net->top};
	struct checkpoint_part parts[ARRAYS + 9] = {
		{&t->state, sizeof t->state},
		{&o[0]->n_steps, sizeof o[0]->n_steps},
		{&o[1]->n_steps, sizeof o[1]->n_steps},
		{t->history, (size_t)(t->plan.n_epochs + 1) * COLUMNS * sizeof *t->history},
		{t->best_net, o[0]->tensors->count * sizeof(float)},
		{t->best_head, o[1]->tensors->count * sizeof(float)},
		{t->mean_net, o[0]->tensors->count * sizeof(float)},
		{t->mean_head, o[1]->tensors->count * sizeof(float)}};
	struct checkpoint_part *arrays = parts + 8;
	float *device[ARRAYS];

	for (int i = 0; i < ARRAYS; i++) {
		struct optimizer *of = o[i / 3];
		device[i] = i % 3 == 0 ? of->tensors->weights : i % 3 == 1 ? of->m : of->v;
		arrays[i].n_bytes = of->tensors->count * sizeof(float);
		arrays[i].bytes = die_malloc(arrays[i].n_bytes);
		if (is_saving)
			t->net->ops->download(arrays[i].bytes, device[i], arrays[i].n_bytes);
	}

	bool is_loaded = !is_saving && checkpoint_load(t->checkpoint, t->run->key, parts);
	if (is_saving)
		checkpoint_save(t->checkpoint, t->run->key, parts);

	for (int i = 0; i < ARRAYS; i++) {
		if (is_loaded)
			t->net->ops->upload(device[i], arrays[i].bytes, arrays[i].n_bytes);
		free(arrays[i].bytes);
	}

	t->saved_s = now_s();
}

/* ---- averages ---- */

static void follow(float *mean, float *last, const struct tensors *t, float share)
{
	t->ops->download(last, t->weights, t->count * sizeof *last);
	for (size_t i = 0; i < t->count; i++)
		mean[i] = share < 1 ? mean[i] + share * (last[i] - mean[i]) : last[i];
}

/* After a step: the averages move towards the weights. */
static void average(struct training *t)
{
	float share = (float)(1 / (1 + t->plan.average * t->plan.per_epoch));
	follow(t->mean_net, t->spare, t->net->net->tensors, share);
	follow(t->mean_head, t->spare, &t->net->head->tensors, share);
}

static void exchange(float *mean, float *spare, const struct tensors *t)
{
	t->ops->download(spare, t->weights, t->count * sizeof *spare);
	t->ops->upload(t->weights, mean, t->count * sizeof *mean);
	memcpy(mean, spare, t->count * sizeof *mean);
}

/* Weights and averages change places: before judging, and again after. */
static void exchange_all(struct training *t)
{
	exchange(t->mean_net, t->spare, t->net->net->tensors);
	exchange(t->mean_head, t->spare, &t->net->head->tensors);
}

/* ---- the best so far ---- */

static void keep_best(struct training *t, int64_t epoch, double auroc)
{
	const struct tensors *net = t->net->net->tensors, *head = &t->net->head->tensors;
	t->state.best = auroc;
	t->state.best_epoch = epoch;
	t->net->ops->download(t->best_net, net->weights, net->count * sizeof(float));
	t->net->ops->download(t->best_head, head->weights, head->count * sizeof(float));
}

static void restore_best(struct training *t)
{
	const struct tensors *net = t->net->net->tensors, *head = &t->net->head->tensors;
	t->net->ops->upload(net->weights, t->best_net, net->count * sizeof(float));
	t->net->ops->upload(head->weights, t->best_head, head->count * sizeof(float));
	finetune_sync(t->net);
}

/* ---- life ---- */

/* NAN where it cannot be measured: fold 9 lacks records or classes. */
static double macro_auroc(struct training *t)
{
	const struct judge_part *p = &t->judge->part[PROBE_VALIDATION];
	struct metrics m;
	finetune_sync(t->net);
	examples_predict(t->examples, t->net, PROBE_VALIDATION, t->probability);
	metrics_init(&m, t->judge->n_classes);
	metrics_compute(&m, &(struct metrics_input){.n = p->n,
						    .n_classes = t->judge->n_classes,
						    .is_multi = t->judge->is_multi,
						    .probability = t->probability,
						    .truth = p->truth});
	double out = m.macro_auroc;
	metrics_release(&m);
	return out;
}

static void allocate(struct training *t)
{
	size_t n_classes = (size_t)t->judge->n_classes, rows = 2 * (size_t)t->plan.batch,
	       n = t->examples->n[PROBE_TRAIN];

	t->order = die_malloc(n * sizeof *t->order);
	t->patient = die_malloc(n * sizeof *t->patient);
	t->drawn = die_malloc(n * sizeof *t->drawn);
	t->history = die_calloc((size_t)(t->plan.n_epochs + 1) * COLUMNS, sizeof *t->history);
	t->best_net = die_malloc(t->net->net->tensors->count * sizeof(float));
	t->best_head = die_malloc(t->net->head->tensors.count * sizeof(float));

	size_t n_net = t->net->net->tensors->count, n_head = t->net->head->tensors.count;
	t->mean_net = die_malloc(n_net * sizeof(float));
	t->mean_head = die_malloc(n_head * sizeof(float));
	t->spare = die_malloc((n_net > n_head ? n_net : n_head) * sizeof(float));
	t->x = die_malloc(rows * examples_input_size(t->examples) * sizeof *t->x);
	t->extra = die_malloc((rows * LEADS) * sizeof *t->extra);
	t->keep = die_malloc(rows * LEADS);
	t->truth = die_malloc(rows * n_classes);
	t->probability = die_malloc((t->examples->n[PROBE_VALIDATION] * n_classes + 1) * sizeof(float));
	for (size_t i = 0; i < n; i++)
		t->patient[i] = t->judge->part[PROBE_TRAIN].label[i].patient;
	t->source = (struct batch_source){&t->examples->policy, n, t->judge->part[PROBE_TRAIN].record,
					  t->patient, t->examples->base[PROBE_TRAIN]};
}

void training_init(struct training *t, struct stage_run *run, struct finetune *net, const struct examples *e,
		   const struct judge *j, const struct training_plan *plan)
{
	int64_t n_steps = (int64_t)plan->n_epochs * plan->per_epoch;
	*t = (struct training){.run = run, .net = net, .examples = e, .judge = j, .plan = *plan};
	t->schedule = (struct schedule){
		.peak = 1, .n_warmup = (int64_t)(plan->warmup * (double)n_steps), .n_steps = n_steps};
	allocate(t);
	double auroc = macro_auroc(t);
	t->history[AUROC] = isfinite(auroc) ? (float)auroc : 0;
	keep_best(t, 0, isfinite(auroc) ? auroc : 0);
	memcpy(t->mean_net, t->best_net, net->net->tensors->count * sizeof(float));
	memcpy(t->mean_head, t->best_head, net->head->tensors.count * sizeof(float));
	snprintf(t->checkpoint, sizeof t->checkpoint, "%s/finetune", stage_checkpoint(run));
	checkpoint(t, false);
	if (t->state.step > 0)
		warn("continuing at step %" PRId64 " of %" PRId64, t->state.step, n_steps);
}

void training_release(struct training *t)
{
	void *const all[] = {t->order,	   t->patient,	t->drawn,     t->history,    t->best_net,
			     t->best_head, t->mean_net, t->mean_head, t->spare,	     t->x,
			     t->extra,	   t->keep,	t->truth,     t->probability};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		free(all[i]);
}

/* ---- training ---- */

/* What cannot be measured stops nothing: the last epoch counts then. */
static void end_epoch(struct training *t, struct progress *p)
{
	int64_t epoch = t->state.step / t->plan.per_epoch;
	float *row = t->history + epoch * COLUMNS;

	exchange_all(t);
	double auroc = macro_auroc(t);
	row[EPOCH] = (float)epoch;
	row[LOSS] = (float)(t->state.loss / t->plan.per_epoch);
	row[AUROC] = isfinite(auroc) ? (float)auroc : 0;
	t->state.loss = 0;
	if (!isfinite(auroc) || auroc > t->state.best)
		keep_best(t, epoch, isfinite(auroc) ? auroc : 0);
	exchange_all(t);
	t->state.is_over = epoch == t->plan.n_epochs || epoch - t->state.best_epoch >= t->plan.patience;
	progress_line(p, "epoch %" PRId64 "/%d  loss %.4f  fold 9 AUROC %.4f (best %.4f)  gradient %.2g%s%s",
		      epoch, t->plan.n_epochs, (double)row[LOSS], (double)row[AUROC], t->state.best,
		      (double)row[NORM], row[SKIPPED] > 0 ? "  STEPS SKIPPED" : "",
		      t->state.is_over && epoch < t->plan.n_epochs ? "  no better for long: stopped" : "");
}

static void draw_batch(struct training *t, int64_t epoch, int i)
{
	const struct batch_place *order = t->order + (size_t)i * (size_t)t->plan.batch;
	size_t n_classes = (size_t)t->judge->n_classes, n_extra = (size_t)t->examples->n_extra,
	       n = (size_t)t->plan.batch;
	batch_draw(t->x, t->keep, t->drawn, &t->source, order, t->plan.batch, (uint32_t)epoch, NULL);
	for (size_t r = 0; r < 2 * n; r++) {
		size_t row = order[r % n].row;
		memcpy(t->truth + r * n_classes, t->judge->part[PROBE_TRAIN].truth + row * n_classes,
		       n_classes);
		memcpy(t->extra + r * n_extra, t->examples->extra[PROBE_TRAIN] + row * n_extra,
		       n_extra * sizeof *t->extra);
	}
}

static void train_step(struct training *t, struct progress *p)
{
	int64_t epoch = t->state.step / t->plan.per_epoch;
	float share = schedule_lr(&t->schedule, t->state.step), *row = t->history + (epoch + 1) * COLUMNS;

	draw_batch(t, epoch, (int)(t->state.step % t->plan.per_epoch));
	struct finetune_result r = finetune_step(
		t->net, &(struct finetune_batch){t->x, t->keep, t->extra, t->truth, 2 * t->plan.batch},
		share);
	average(t);
	t->state.n_skipped += r.is_skipped;
	t->state.n_skipped_in_a_row = r.is_skipped ? t->state.n_skipped_in_a_row + 1 : 0;
	if (t->state.n_skipped_in_a_row >= SKIPPED_LIMIT)
		die("the gradient was not finite in %d steps in a row; lower finetune.lr", SKIPPED_LIMIT);
	t->state.loss += r.loss;
	row[LR] = share * t->net->settings.lr;
	row[NORM] = r.norm;
	row[SKIPPED] += r.is_skipped;
	t->state.step++;
	progress_note(p, "loss %.3f", r.loss);
	progress_step(p, 2 * (uint64_t)t->plan.batch);
	if (t->state.step % t->plan.per_epoch == 0)
		end_epoch(t, p);
}

/* False if interrupted: the state is saved then. */
bool training_run(struct training *t)
{
	struct progress p;
	int64_t shuffled = -1;

	progress_start(&p, "finetune", "views",
		       (uint64_t)(t->schedule.n_steps - t->state.step) * 2 * (uint64_t)t->plan.batch);
	while (!t->state.is_over) {
		int64_t epoch = t->state.step / t->plan.per_epoch;
		if (epoch != shuffled)
			batch_shuffle(t->order, &t->source, (uint32_t)epoch);
		shuffled = epoch;
		train_step(t, &p);
		bool is_interrupted = *t->run->is_interrupted;
		if (is_interrupted || now_s() - t->saved_s >= t->plan.checkpoint_s)
			checkpoint(t, true);
		if (is_interrupted && !t->state.is_over) {
			progress_end(&p);
			warn("interrupted at step %" PRId64 " of %" PRId64
			     "; the same command continues there",
			     t->state.step, t->schedule.n_steps);
			return false;
		}
	}

	progress_end(&p);
	restore_best(t);
	return true;
}

void training_write_history(const struct training *t, struct artifact_writer *w)
{
	json_t *columns = json_array();
	int table = artifact_table(w, "history");
	for (int k = 0; k < COLUMNS; k++)
		json_array_append_new(columns, json_string(column_names[k]));
	artifact_attribute(w, "history_columns", columns);
	for (int64_t i = 0; i <= t->state.step / t->plan.per_epoch; i++)
		artifact_put_floats(w, table, artifact_key((uint64_t)i).bytes, 8, t->history + i * COLUMNS,
				    COLUMNS);
}
