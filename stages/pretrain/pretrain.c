/* Train an encoder without labels: by views of each record, or by what is hidden in them.
 *
 * Reads `views`, the policy by which views are drawn, and `signals`, from whose folds 1 to 8 they are drawn.
 * Writes `model`: the encoder's weights, the history of its training, and all that embed and finetune need to
 * cut views as it saw them.
 *
 * The story: find the records (records.h); plan the training (plan.h) and make the network; step by step draw
 * the views of a batch (ecg/batch.h), learn from them (model/contrast.h, masked.h), note what came of it
 * (model/history.h); write the model. The loop is model/training.h; model exemplars is exemplars.h,
 * ensemble is ensemble.h.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "common/pool.h"
#include "kernels/ops.h"
#include "model/config.h"
#include "model/history.h"
#include "model/training.h"
#include "stages/pretrain/ensemble.h"
#include "stages/pretrain/exemplars.h"
#include "stages/pretrain/plan.h"
#include "stages/pretrain/records.h"
#include "stages/pretrain/seen.h"
#include "stages/pretrain/written.h"
#include "stages/shared/device.h"
#include "stages/shared/exemplars.h"
#include "stages/shared/network.h"
#include "stages/shared/signals.h"
#include "statistics/rankme.h"
#include "store/crew.h"
#include "store/stage.h"

#define LINES 20 /* of the log, about */

enum { VIEWS, SIGNALS, START, LIST }; /* inputs */

struct pretrain {
	struct stage_run *run;
	struct records records;
	struct batch_source source;
	struct plan plan;
	struct contrast *contrast;
	struct training training;
	struct history history;
	float rankme; /* of the last finished epoch */
	int n_alone;  /* steps so far whose records were all of one patient */

	/* The batch being drawn. */
	struct batch_place *order; /* [n] of epoch `shuffled` */
	int64_t shuffled;	   /* -1: none */
	struct batch_drawing drawing;
	int first, n_own; /* this process's views of the batch */
	struct contrast_batch batch;
	struct seen seen;
};

/* ---- training ---- */

/* In the background: the views of a step are drawn while the step before computes. */
static void draw(void *context, int64_t step)
{
	struct pretrain *t = context;
	int64_t epoch = step / t->plan.per_epoch;
	if (epoch != t->shuffled)
		batch_shuffle(t->order, &t->source, (uint32_t)epoch);
	t->shuffled = epoch;
	t->batch = contrast_batch(t->contrast);
	t->drawing = (struct batch_drawing){
		.x = t->batch.x,
		.keep = t->batch.keep,
		.source = &t->source,
		.order = t->order + (size_t)(step % t->plan.per_epoch) * (size_t)t->plan.batch,
		.n = t->plan.batch,
		.n_views = t->plan.contrast.n_views,
		.epoch = (uint32_t)epoch,
		.pairing = pairing_draw(t->plan.objective->pairing, t->records.policy.seed, (uint64_t)step),
		.first = t->first,
		.n_own = t->n_own};
	batch_draw_begin(&t->drawing, t->batch.patient);
	if (t->contrast->masked)
		seen_draw(&t->seen, &t->drawing, &t->plan.hide, t->records.policy.seed, step);
}

static void load(void *context)
{
	struct pretrain *t = context;
	batch_draw_end();
	contrast_load(t->contrast);
	if (t->contrast->masked)
		masked_load(t->contrast->masked, t->batch.x, t->batch.keep, t->seen.is_seen, t->seen.n_seen,
			    t->n_own);
}

/* What else than the learning rate follows a schedule. */
static void set_rates(struct pretrain *t, int64_t step)
{
	struct masked *m = t->contrast->masked;
	float decay = schedule_lr(&t->plan.weight_decay, step);
	t->contrast->optimizer.config.weight_decay = decay;
	if (m) {
		m->optimizer.config.weight_decay = decay;
		m->share = schedule_lr(&t->plan.teacher, step);
	}
}

static bool learn(void *context, int64_t step, float lr)
{
	struct pretrain *t = context;
	set_rates(t, step);
	t->contrast->step = (uint64_t)step;
	contrast_learn(t->contrast, lr);
	return true;
}

static void note_alone(struct pretrain *t, int64_t step)
{
	if (!t->n_alone++)
		warn("step %" PRId64
		     ": all records of the batch are of one patient, and nothing is contrasted; "
		     "raise pretrain.batch or set pretrain.same_patient to ignore",
		     step + 1);
}

static void tell(void *context, int64_t end, int n, bool *is_skipped)
{
	struct pretrain *t = context;
	struct contrast_result r[CONTRAST_STEPS];
	if (contrast_tell(t->contrast, r) != n)
		BUG("other steps are told than were learned");
	for (int i = 0; i < n; i++) {
		int64_t step = end - n + i;
		history_add(&t->history, step, &r[i], schedule_lr(&t->plan.schedule, step), t->rankme);
		is_skipped[i] = r[i].is_skipped;
		if (!r[i].candidates.n_contrasted)
			note_alone(t, step);
	}
	training_note(&t->training, "loss %.3f / %.3f", (double)r[n - 1].loss, r[n - 1].candidates.uniform);
}

/* RankMe of the last step's embeddings; 0 if it is not finite. */
static float effective_rank(struct contrast *c)
{
	int rows = contrast_rows(&c->settings), dim = c->net->dim;
	float *h = die_malloc((size_t)rows * (size_t)dim * sizeof *h);
	contrast_embeddings(h, c);
	double rank = rankme(h, rows, dim);
	free(h);
	return isfinite(rank) ? (float)rank : 0;
}

static bool end_epoch(void *context, int64_t epoch)
{
	struct pretrain *t = context;
	char line[256];
	int every = (t->plan.n_epochs + LINES - 1) / LINES;
	t->rankme = effective_rank(t->contrast);
	history_end_epoch(&t->history, (epoch + 1) * t->plan.per_epoch - 1, t->rankme);
	history_line(line, sizeof line, &t->history, (int)epoch, t->contrast->net->dim);
	if ((epoch + 1) % every == 0 || epoch + 1 == t->plan.n_epochs)
		training_line(&t->training, "%s", line);
	return false;
}

/* ---- setting up ---- */

static bool is_continued(const struct params *p)
{
	return !strcmp(params_text(p, "start"), "model");
}

static bool is_ensemble(const struct params *p)
{
	return !strcmp(params_text(p, "model"), "ensemble");
}

/* Weights that were trained before are read only to go on from them, or to be joined. */
static bool needs(const struct params *p, int input)
{
	if (is_ensemble(p))
		return input == SIGNALS || input == LIST;
	return input == START ? is_continued(p) : input != LIST;
}

/* The weights of another model, projector and all, in place of drawn ones. */
static void load_start(struct pretrain *t)
{
	const struct artifact *model = t->run->input[START];
	json_t *own = config_json(&t->plan.contrast.net), *value;
	const json_t *other = artifact_get_attribute(model, "config");
	const char *name;

	signals_check_alike(t->run->input[SIGNALS], model);
	json_object_foreach (own, name, value)
		if (!json_alike(value, json_object_get(other, name)))
			die("model %.12s: its %s is not what section pretrain and views ask for; to train on "
			    "from it give both as they were",
			    artifact_id(model), name);
	json_decref(own);
	network_load(t->contrast->net, model);
}

static void allocate_batch(struct pretrain *t)
{
	contrast_own(&t->plan.contrast, &t->first, &t->n_own);
	t->source = records_source(&t->records);
	t->order = die_malloc(t->records.n * sizeof *t->order);
	t->shuffled = -1;
	if (t->contrast->masked)
		seen_init(&t->seen, masked_tokens(&t->plan.contrast.net), t->n_own);
}

static void prepare_training(struct pretrain *t)
{
	static const struct training_calls calls = {draw, load, learn, tell, end_epoch};
	struct masked *m = t->contrast->masked;
	t->training = (struct training){
		.calls = &calls,
		.context = t,
		.section = "pretrain",
		.remedy = "lower pretrain.lr or raise pretrain.temperature",
		.unit = "records",
		.n_units = (uint64_t)t->plan.batch,
		.schedule = t->plan.schedule,
		.per_epoch = t->plan.per_epoch,
		.told_every = t->contrast->ops->is_deferred ? TRAINING_TOLD : 0,
		.ops = t->contrast->ops,
		.team = t->run->team,
		.optimizer = {&t->contrast->optimizer, m ? &m->optimizer : NULL},
		.averaged = m ? m->teacher : NULL,
		.n_averaged = m && m->teacher ? t->contrast->net->tensors->count : 0,
		.kept = {{&t->rankme, sizeof t->rankme}, {t->history.rows, history_bytes(&t->history)}},
		.checkpoint = die_printf("%s/pretrain", stage_checkpoint(t->run)),
		.key = t->run->key,
		.checkpoint_s = 60 * params_float(t->run->params, "checkpoint_minutes"),
		.is_interrupted = t->run->is_interrupted};
}

static void check_patients(const struct pretrain *t)
{
	size_t i = 1;
	while (i < t->records.n && t->records.patient[i] == t->records.patient[0])
		i++;
	if (i == t->records.n && t->plan.contrast.same_patient != SAME_PATIENT_IGNORE)
		die("signals %s: all %zu records of folds 1 to 8 are of one patient, so that nothing is left "
		    "to contrast them with; set pretrain.same_patient to ignore",
		    artifact_id(t->run->input[SIGNALS]), i);
}

static void set_up(struct pretrain *t)
{
	const struct params *p = t->run->params;
	records_open(&t->records, t->run->input[VIEWS], t->run->input[SIGNALS], params_float(p, "share"),
		     (uint64_t)params_int(p, "seed"));
	t->plan = plan_read(p, &t->records.policy.views, t->records.n, t->records.n_there);
	check_patients(t);
	t->plan.contrast.team = t->run->team;
	struct memory_need need = contrast_need(&t->plan.contrast);
	device_fit(ops_chosen(), &need, "training",
		   "make pretrain.batch, pretrain.micro_batch or pretrain.model smaller");
	t->contrast = contrast_new(ops_chosen(), &t->plan.contrast);
	if (is_continued(p))
		load_start(t);
	if (t->contrast->masked)
		masked_begin(t->contrast->masked);
	history_init(&t->history, t->plan.schedule.n_steps, t->plan.per_epoch, &t->plan.contrast.net,
		     plan_chance(&t->plan));
	allocate_batch(t);
	prepare_training(t);
}

static void tear_down(struct pretrain *t)
{
	contrast_free(t->contrast);
	records_release(&t->records);
	history_release(&t->history);
	free((char *)t->training.checkpoint);
	free(t->order);
	free(t->seen.is_seen);
}

/* ---- the stage ---- */

static void contrast(struct stage_run *r)
{
	struct pretrain *t = die_calloc(1, sizeof *t);
	t->run = r;
	set_up(t);
	training_resume(&t->training);
	warn("%zu records, batch %d, %" PRId64 " steps of %.1f MB activations, %zu weights, %s, %d threads%s",
	     t->records.n, t->plan.batch, t->plan.schedule.n_steps,
	     (double)t->contrast->net->arena_bytes / 1e6, t->contrast->net->tensors->count,
	     t->contrast->ops->name, pool_threads(), crew_words(r->team));
	if (training_run(&t->training) && team_rank(r->team) == 0)
		written_model(r, r->input[VIEWS], r->input[SIGNALS],
			      &(struct written){.plan = &t->plan,
						.contrast = t->contrast,
						.history = &t->history,
						.n_records = t->records.n,
						.n_skipped = t->training.state.n_skipped});
	if (t->n_alone)
		warn("%d of %" PRId64 " steps had records of one patient alone and taught nothing",
		     t->n_alone, t->plan.schedule.n_steps);
	tear_down(t);
	free(t);
}

static void run(struct stage_run *r)
{
	bool has_members = *params_text(r->params, "members") != 0;
	if (has_members && !is_ensemble(r->params))
		die("pretrain.members: %s has none; leave it out, or set pretrain.model to ensemble",
		    params_text(r->params, "model"));

	if (is_ensemble(r->params))
		ensemble_join(r, r->input[SIGNALS], LIST);
	else if (!strcmp(params_text(r->params, "model"), "exemplars"))
		exemplars_learn(r, r->input[VIEWS], r->input[SIGNALS]);
	else
		contrast(r);
}

static const struct param params[] = {
	NETWORK_PARAMS(NULL),
	EXEMPLARS_PARAMS,
	ENSEMBLE_PARAMS,
	DEVICE_PARAMS(NULL),
	{"temperature", PARAM_FLOAT, .min = 0.001, .max = 100, .otherwise = "0.1", .help = "of NT-Xent"},
	{"objective", PARAM_CHOICE, .choices = OBJECTIVE_NAMES, .otherwise = "ntxent",
	 .help = "NT-Xent; with halves CLOCS's: segments, leads or both as views; VICReg; SIGReg (LeJEPA); "
		 "or "
		 "hidden time tokens are predicted: samples (masked), what a moving average makes of them "
		 "(jepa)"},
	TERMS_PARAMS,
	HIDING_PARAMS,
	{"same_patient", PARAM_CHOICE, .choices = "auto mask positive ignore", .otherwise = "auto",
	 .help = "other records of the same patient: left out, positives, or negatives; auto: mask with "
		 "ntxent, positive with CLOCS's; vicreg and sigreg have no such thing"},
	{"share", PARAM_FLOAT, .min = 1e-6, .max = 1, .otherwise = "1",
	 .help = "of the records of folds 1 to 8 that are learned from, whole patients, drawn by the seed"},
	{"epochs", PARAM_INT, .min = 1, .max = 1000000, .otherwise = "20",
	 .help = "passes over the records of folds 1 to 8"},
	{"batch", PARAM_INT, .unit = "records", .min = 2, .max = 65536, .otherwise = "128",
	 .help = "records of a step; each gives views.n views"},
	{"start", PARAM_CHOICE, .choices = "random model", .otherwise = "random",
	 .help = "weights to begin with: drawn, or those of MODEL (make ... MODEL=NAME CONTINUE=1)"},
	{"micro_batch", PARAM_INT, .unit = "views", .min = 0, .max = 131072, .otherwise = "0",
	 .not_in_key = true,
	 .help = "views whose activations are kept at once, a multiple of 64; 0: the batch's, or what fits "
		 "into a GPU. Less memory and more time, the same model"},
	{"min_steps", PARAM_INT, .min = 1, .max = 1000000, .otherwise = "16",
	 .help = "steps of an epoch at least: with few records the batch shrinks, down to 16"},
	{"lr", PARAM_FLOAT, .min = -1, .max = 10, .otherwise = "-1",
	 .help = "peak learning rate; -1: the size's own (small 0.0004, base 0.0003, others 0.001)"},
	{"warmup_epochs", PARAM_FLOAT, .min = 0, .max = 1000000, .otherwise = "5",
	 .help = "linear warm-up; then a cosine to 0"},
	{"weight_decay", PARAM_FLOAT, .min = 0, .max = 10, .otherwise = "0.05", .help = "decoupled (AdamW)"},
	{"weight_decay_last", PARAM_FLOAT, .min = -1, .max = 10, .otherwise = "-1",
	 .help = "at the last step, by a cosine from weight_decay; -1: the same"},
	{"clip", PARAM_FLOAT, .min = 1e-6, .max = 1e6, .otherwise = "1",
	 .help = "largest norm of a step's gradient"},
	{"seed", PARAM_INT, .min = 0, .max = 9007199254740991, .otherwise = "1",
	 .help = "of initial weights, order and views"},
	{"checkpoint_minutes", PARAM_FLOAT, .unit = "min", .min = 0, .max = 100000, .otherwise = "5",
	 .not_in_key = true, .help = "time between checkpoints; a killed training continues from the last"},
	{0}};

static const struct stage stage = {.name = "pretrain",
				   .purpose = "Train an encoder without labels",
				   .inputs = INPUTS("views", "preprocess", "start"),
				   .kind = "model",
				   .params = params,
				   .run = run,
				   .needs = needs,
				   .choose = device_choose,
				   .numerics = ops_chosen_numerics,
				   .has_list = true,
				   .has_team = true};

int main(int argc, char **argv)
{
	return stage_main(&stage, argc, argv);
}
