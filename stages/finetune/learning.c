#include "stages/finetune/learning.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/lead.h"

enum { EPOCH, LOSS, AUROC, LR, NORM, SKIPPED, COLUMNS };
static const char *const column_names[COLUMNS] = {"epoch", "loss", "auroc", "lr", "gradient_norm", "skipped"};

/* ---- a step ---- */

static void draw(void *context, int64_t step)
{
	struct learning *l = context;
	int64_t epoch = step / l->plan.per_epoch;
	if (epoch != l->shuffled)
		batch_shuffle(l->order, &l->source, (uint32_t)epoch);
	l->shuffled = epoch;
	l->drawn = !l->drawn;
	l->drawing = (struct batch_drawing){.x = l->x[l->drawn],
					    .keep = l->keep[l->drawn],
					    .source = &l->source,
					    .order = l->order + (size_t)(step % l->plan.per_epoch) *
									(size_t)l->plan.batch,
					    .n = l->plan.batch,
					    .n_views = 2,
					    .epoch = (uint32_t)epoch,
					    .pairing = pairing_draw(PAIRING_POLICY, 0, 0),
					    .first = l->first,
					    .n_own = l->n_own};
	batch_draw_begin(&l->drawing, l->drawn_patient);
}

/* Labels and amplitudes of the rows, before their order is another epoch's. */
static void load(void *context)
{
	struct learning *l = context;
	size_t n_classes = (size_t)l->judge->n_classes, n_extra = (size_t)l->examples->n_extra,
	       n = (size_t)l->plan.batch;
	batch_draw_end();
	l->loaded = l->drawn;
	for (size_t r = 0; r < (size_t)l->n_own; r++) {
		size_t row = l->drawing.order[((size_t)l->first + r) % n].row;
		memcpy(l->truth + r * n_classes, l->judge->part[PROBE_TRAIN].truth + row * n_classes,
		       n_classes);
		memcpy(l->extra + r * n_extra, l->examples->extra[PROBE_TRAIN] + row * n_extra,
		       n_extra * sizeof *l->extra);
	}
}

static float *row_of(const struct learning *l, int64_t epoch)
{
	return l->history + (epoch + 1) * COLUMNS;
}

static bool learn(void *context, int64_t step, float share)
{
	struct learning *l = context;
	int here = l->loaded; /* the other one is being drawn */
	struct finetune_batch batch = {l->x[here], l->keep[here], l->extra, l->truth, 2 * l->plan.batch};
	struct finetune_result r = finetune_step(l->net, &batch, share);
	float *row = row_of(l, step / l->plan.per_epoch);

	best_follow(&l->best);
	l->loss += r.loss;
	row[LR] = share * l->net->settings.lr;
	row[NORM] = r.norm;
	row[SKIPPED] += r.is_skipped;
	training_note(&l->training, "loss %.3f", r.loss);
	return !r.is_skipped;
}

/* ---- an epoch ---- */

/* NAN where it cannot be measured: fold 9 lacks records or classes. */
static double macro_auroc(struct learning *l)
{
	const struct judge_part *p = &l->judge->part[PROBE_VALIDATION];
	struct metrics m;
	finetune_sync(l->net);
	examples_predict(l->examples, l->net, PROBE_VALIDATION, l->probability);
	metrics_init(&m, l->judge->n_classes);
	metrics_compute(&m, &(struct metrics_input){.n = p->n,
						    .n_classes = l->judge->n_classes,
						    .is_multi = l->judge->is_multi,
						    .probability = l->probability,
						    .truth = p->truth});
	double out = m.macro_auroc;
	metrics_release(&m);
	return out;
}

static double or_zero(double auroc)
{
	return isfinite(auroc) ? auroc : 0;
}

/* What cannot be measured stops nothing: the last epoch counts then. */
static bool end_epoch(void *context, int64_t done)
{
	struct learning *l = context;
	float *row = row_of(l, done);
	int64_t epoch = done + 1;

	best_exchange(&l->best);
	double auroc = macro_auroc(l);
	row[EPOCH] = (float)epoch;
	row[LOSS] = (float)(l->loss / l->plan.per_epoch);
	row[AUROC] = (float)or_zero(auroc);
	l->loss = 0;
	if (!isfinite(auroc) || auroc > l->best.state.auroc)
		best_keep(&l->best, epoch, or_zero(auroc));
	best_exchange(&l->best);

	bool is_over = epoch - l->best.state.epoch >= l->plan.patience;
	training_line(&l->training,
		      "epoch %" PRId64 "/%d  loss %.4f  fold 9 AUROC %.4f (best %.4f)  gradient %.2g%s%s",
		      epoch, l->plan.n_epochs, (double)row[LOSS], (double)row[AUROC], l->best.state.auroc,
		      (double)row[NORM], row[SKIPPED] > 0 ? "  STEPS SKIPPED" : "",
		      is_over && epoch < l->plan.n_epochs ? "  no better for long: stopped" : "");
	return is_over;
}

/* ---- life ---- */

static void allocate(struct learning *l)
{
	struct blocks b = blocks_of(l->net->ops, l->run->team, 2 * l->plan.batch);
	l->first = blocks_start(&b, b.first);
	l->n_own = blocks_own_views(&b);
	size_t n_classes = (size_t)l->judge->n_classes, rows = (size_t)l->n_own,
	       n = l->examples->n[PROBE_TRAIN];

	l->history = die_calloc((size_t)(l->plan.n_epochs + 1) * COLUMNS, sizeof *l->history);
	l->order = die_malloc(n * sizeof *l->order);
	l->shuffled = -1;
	for (int i = 0; i < 2; i++) {
		l->x[i] = die_malloc(rows * examples_input_size(l->examples) * sizeof(float));
		l->keep[i] = die_malloc(rows * LEADS);
	}
	l->extra = die_malloc(rows * LEADS * sizeof *l->extra);
	l->truth = die_malloc(rows * n_classes);
	l->patient = die_malloc(n * sizeof *l->patient);
	l->drawn_patient = die_malloc((size_t)l->plan.batch * sizeof *l->drawn_patient);
	l->probability = die_malloc((l->examples->n[PROBE_VALIDATION] * n_classes + 1) * sizeof(float));

	for (size_t i = 0; i < n; i++)
		l->patient[i] = l->judge->part[PROBE_TRAIN].label[i].patient;
	l->source = (struct batch_source){&l->examples->policy,
					  n,
					  l->judge->part[PROBE_TRAIN].record,
					  l->patient,
					  l->examples->signal[PROBE_TRAIN],
					  l->examples->there[PROBE_TRAIN]};
}

static void prepare_training(struct learning *l)
{
	static const struct training_calls calls = {draw, load, learn, NULL, end_epoch};
	int64_t n_steps = (int64_t)l->plan.n_epochs * l->plan.per_epoch;
	l->training =
		(struct training){.calls = &calls,
				  .context = l,
				  .section = "finetune",
				  .remedy = "lower finetune.lr",
				  .unit = "views",
				  .n_units = 2 * (uint64_t)l->plan.batch,
				  .schedule = {.peak = 1,
					       .n_warmup = (int64_t)(l->plan.warmup * (double)n_steps),
					       .n_steps = n_steps},
				  .per_epoch = l->plan.per_epoch,
				  .ops = l->net->ops,
				  .team = l->run->team,
				  .optimizer = {&l->net->body, &l->net->top},
				  .checkpoint = die_printf("%s/finetune", stage_checkpoint(l->run)),
				  .key = l->run->key,
				  .checkpoint_s = 60 * params_float(l->run->params, "checkpoint_minutes"),
				  .is_interrupted = l->run->is_interrupted};

	struct checkpoint_part *kept = l->training.kept;
	size_t n_rows = (size_t)(l->plan.n_epochs + 1);
	kept[0] = (struct checkpoint_part){l->history, n_rows * COLUMNS * sizeof *l->history};
	kept[1] = (struct checkpoint_part){&l->loss, sizeof l->loss};
	best_parts(&l->best, kept + 2);
}

void learning_init(struct learning *l, struct stage_run *run, struct finetune *net, const struct examples *e,
		   const struct judge *j, const struct learning_plan *plan)
{
	*l = (struct learning){.run = run, .net = net, .examples = e, .judge = j, .plan = *plan};
	allocate(l);
	best_init(&l->best, net, (float)(1 / (1 + plan->average * plan->per_epoch)));
	double auroc = or_zero(macro_auroc(l));
	l->history[AUROC] = (float)auroc;
	l->best.state.auroc = auroc;
	prepare_training(l);
	training_resume(&l->training);
}

void learning_release(struct learning *l)
{
	void *const all[] = {l->order,	 l->patient, l->drawn_patient, l->history, l->x[0],	  l->x[1],
			     l->keep[0], l->keep[1], l->extra,	       l->truth,   l->probability};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		free(all[i]);
	free((char *)l->training.checkpoint);
	best_release(&l->best);
}

void learning_write_history(const struct learning *l, struct artifact_writer *w)
{
	json_t *columns = json_array();
	int table = artifact_table(w, "history");
	for (int k = 0; k < COLUMNS; k++)
		json_array_append_new(columns, json_string(column_names[k]));
	artifact_attribute(w, "history_columns", columns);
	for (int64_t i = 0; i <= l->training.state.step / l->plan.per_epoch; i++)
		artifact_put_floats(w, table, artifact_key((uint64_t)i).bytes, 8, l->history + i * COLUMNS,
				    COLUMNS);
}
