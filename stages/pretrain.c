/* Train an encoder by contrasting two views of each record.
 *
 * Reads `views`: the records of folds 1 to 8, labelled or not, and the policy that draws their views. Writes `model`:
 * the encoder's weights, the history of its training, and all that embed and finetune need to cut views as it saw them.
 *
 * The story: load the records; make the network; continue from a checkpoint if one is there; step by step draw the
 * views of a batch (ecg/batch.h), learn from them (model/contrast.h) and note what came of it (model/history.h); write
 * the model. docs/training.md.
 */
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
#include "ecg/fold.h"
#include "ecg/label.h"
#include "model/checkpoint.h"
#include "model/config.h"
#include "model/contrast.h"
#include "model/encoder.h"
#include "model/history.h"
#include "model/schedule.h"
#include "stages/shared/network.h"
#include "stages/shared/objective.h"
#include "statistics/rankme.h"
#include "store/stage.h"

/* So many skipped steps in a row mean that the weights are beyond help. */
#define SKIPPED_LIMIT 50

#define LINES 20 /* of the log, about */

#define MIN_BATCH 16 /* records; the batch does not shrink below it */

struct data {
	struct augment policy;
	size_t n;
	uint64_t *record, *patient;
	float *base;
};

/* What changes while training; all of it goes into a checkpoint. */
struct state {
	int64_t step, n_skipped_in_a_row;
	float rankme;
};

struct pretrain {
	struct stage_run *run;
	struct data data;
	struct batch_source source;
	const struct objective *objective;
	struct batch_place *order; /* [n] of epoch `shuffled` */
	int shuffled;		   /* -1: none */
	struct batch_drawing drawing;
	struct contrast *contrast;
	struct schedule schedule;
	int n, per_epoch, n_epochs; /* records of a batch, steps of an epoch */
	int64_t n_steps;
	struct state state;
	struct history history;
	float *x; /* [2n][12][T] */
	uint8_t *keep;
	uint64_t *patient;
	char checkpoint[4096];
	double saved_s, every_s;
};

/* ---- records ---- */

static size_t count_records(const struct artifact *views)
{
	size_t n = 0;
	for (struct artifact_cursor *c = artifact_walk(views, "label"); artifact_next(c);) {
		struct label l;
		label_decode(&l, c->value);
		n += fold_trains(l.fold);
	}
	return n;
}

static void load_bases(struct data *d, const struct artifact *views, uint64_t record, float *base)
{
	size_t size = LEADS * (size_t)views_base_samples(&d->policy.views);
	for (int k = 0; k < views_n_bases(&d->policy.views); k++) {
		struct artifact_value v = artifact_get_part(views, "view", record, k);
		if (v.n_bytes != size * sizeof *base)
			die("views %s: record %" PRIu64 " has a view of %zu bytes, expected %zu",
			    artifact_id(views), record, v.n_bytes, size * sizeof *base);
		memcpy(base + (size_t)k * size, v.bytes, v.n_bytes);
	}
}

static void load(struct data *d, const struct artifact *views, uint64_t seed)
{
	struct error e = {0};
	struct views v;

	if (views_read(&v, artifact_get_attribute(views, "views"), &e) < 0 ||
	    augment_read(&d->policy, artifact_get_attribute(views, "augment"), &v, &e) < 0)
		die("views %s: %s", artifact_id(views), error_text(&e));
	d->policy.seed = seed;

	size_t n = count_records(views),
	       size = LEADS * (size_t)views_base_samples(&v) * (size_t)views_n_bases(&v);
	if (n < 2)
		die("views %s: %zu records in folds 1 to %d; contrastive training needs 2 or more",
		    artifact_id(views), n, FOLD_LAST_TRAINING);
	d->record = die_malloc(n * sizeof *d->record);
	d->patient = die_malloc(n * sizeof *d->patient);
	d->base = die_malloc(n * size * sizeof *d->base);

	for (struct artifact_cursor *c = artifact_walk(views, "label"); artifact_next(c);) {
		struct label l;
		label_decode(&l, c->value);
		if (!fold_trains(l.fold))
			continue;
		d->record[d->n] = artifact_record(c->key);
		d->patient[d->n] = l.patient;
		load_bases(d, views, d->record[d->n], d->base + d->n * size);
		d->n++;
	}
}

/* ---- setting up ---- */

static struct encoder_config network(const struct params *p, const struct views *v)
{
	static const char *const sizes[] = {"d_model",		"n_heads", "n_time_layers",
					    "n_channel_layers", "n_cross", "projector_hidden",
					    "projector_out"};
	const char *model = params_text(p, "model"), *towers = params_text(p, "towers");
	struct encoder_config c;
	struct error e = {0};

	if (encoder_preset(&c, model, views_input_samples(v), (float)views_input_rate(v)) < 0)
		BUG("a model size without a preset");
	if (encoder_set_towers(&c, config_towers(towers)) < 0)
		die("pretrain.towers: %s has no towers to choose from; leave it at both", model);

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		if (params_int(p, sizes[i]) >= 0 &&
		    encoder_set(&c, sizes[i], (int)params_int(p, sizes[i])) < 0)
			die("pretrain.%s: %s has no such size; leave it at -1", sizes[i], model);

	if (encoder_config_check(&c, &e) < 0)
		die("%s", error_text(&e));
	return c;
}

static const struct objective *objective(const struct params *p, const struct views *v)
{
	const struct objective *o = objective_named(params_text(p, "objective"));
	if (o->has_segments && v->strategy != VIEWS_HALVES)
		die("pretrain.objective: %s contrasts segments of a record, but views.strategy is %s; set "
		    "views.strategy to halves or pretrain.objective to ntxent",
		    o->name, views_strategy_name(v));
	return o;
}

static enum same_patient same_patient(const struct params *p, const struct objective *o)
{
	const char *s = params_text(p, "same_patient");
	if (strcmp(s, "auto") == 0)
		return o->is_across ? SAME_PATIENT_POSITIVE : SAME_PATIENT_MASK;
	return strcmp(s, "mask") == 0	    ? SAME_PATIENT_MASK
	       : strcmp(s, "positive") == 0 ? SAME_PATIENT_POSITIVE
					    : SAME_PATIENT_IGNORE;
}

static struct contrast_settings settings(const struct pretrain *t)
{
	const struct params *p = t->run->params;
	return (struct contrast_settings){
		.net = network(p, &t->data.policy.views),
		.n = t->n,
		.temperature = (float)params_float(p, "temperature"),
		.same_patient = same_patient(p, t->objective),
		.is_across = t->objective->is_across,
		.optimizer = {.weight_decay = (float)params_float(p, "weight_decay"),
			      .max_norm = (float)params_float(p, "clip")},
		.seed = (uint64_t)params_int(p, "seed")};
}

/* The loss compares within a batch, but weights move once per step: with few records a large batch would leave too few
 * steps to learn anything, so it shrinks. */
static int batch_size(const struct params *p, size_t n_records)
{
	int64_t batch = params_int(p, "batch"), limit = (int64_t)n_records / params_int(p, "min_steps");
	if (limit < MIN_BATCH)
		limit = MIN_BATCH;
	if (limit > (int64_t)n_records)
		limit = (int64_t)n_records;
	if (batch > limit)
		warn("batch of %" PRId64 " instead of %" PRId64
		     ": folds 1 to %d hold %zu records (pretrain.min_steps)",
		     limit, batch, FOLD_LAST_TRAINING, n_records);
	return (int)(batch < limit ? batch : limit);
}

/* Wider networks want smaller steps: at 0.001 the channel tower of `small` dies and RankMe falls to 9 of 384. */
static float peak_lr(const struct params *p)
{
	static const struct {
		const char *model;
		float lr;
	} own[] = {{"tiny", 1e-3f}, {"small", 4e-4f}, {"base", 3e-4f}};
	if (params_float(p, "lr") >= 0)
		return (float)params_float(p, "lr");
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (strcmp(params_text(p, "model"), own[i].model) == 0)
			return own[i].lr;
	return 1e-3f;
}

static void plan_steps(struct pretrain *t)
{
	const struct params *p = t->run->params;
	t->n = batch_size(p, t->data.n);
	/* What is left over at the end of an epoch is dropped: the loss depends on the size of its batch. It is
	 * another remainder in every epoch. */
	t->per_epoch = (int)(t->data.n / (size_t)t->n);
	t->n_epochs = (int)params_int(p, "epochs");
	t->n_steps = (int64_t)t->n_epochs * t->per_epoch;
	int64_t n_warmup = (int64_t)(params_float(p, "warmup_epochs") * t->per_epoch);
	t->schedule = (struct schedule){.peak = peak_lr(p),
					.n_warmup = n_warmup < t->n_steps ? n_warmup : t->n_steps,
					.n_steps = t->n_steps};
}

static void set_up(struct pretrain *t)
{
	load(&t->data, t->run->input[0], (uint64_t)params_int(t->run->params, "seed"));
	t->objective = objective(t->run->params, &t->data.policy.views);
	plan_steps(t);
	size_t rows = 2 * (size_t)t->n, input = LEADS * (size_t)views_input_samples(&t->data.policy.views);
	t->source = (struct batch_source){&t->data.policy, t->data.n, t->data.record, t->data.patient,
					  t->data.base};
	t->order = die_malloc(t->data.n * sizeof *t->order);
	t->shuffled = -1;
	t->x = die_malloc(rows * input * sizeof *t->x);
	t->keep = die_malloc(rows * LEADS);
	t->patient = die_malloc((size_t)t->n * sizeof *t->patient);
	struct contrast_settings s = settings(t);
	t->contrast = contrast_new(ops_chosen(), &s);
	history_init(&t->history, t->n_steps, t->per_epoch, &s.net, t->objective->chance);
}

static void tear_down(struct pretrain *t)
{
	contrast_free(t->contrast);
	free(t->data.record);
	free(t->data.patient);
	free(t->data.base);
	free(t->order);
	history_release(&t->history);
	free(t->x);
	free(t->keep);
	free(t->patient);
}

/* ---- checkpoints ---- */

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The optimiser's arrays are in ops memory; a device's are brought here first. */
static void checkpoint(struct pretrain *t, bool is_saving)
{
	struct optimizer *o = &t->contrast->optimizer;
	const struct ops *ops = t->contrast->ops;
	size_t n_bytes = o->tensors->count * sizeof(float);
	float *device[3] = {o->tensors->weights, o->m, o->v}, *host[3];

	for (int i = 0; i < 3; i++) {
		host[i] = die_malloc(n_bytes);
		if (is_saving)
			ops->download(host[i], device[i], n_bytes);
	}

	struct checkpoint_part parts[] = {{&t->state, sizeof t->state},
					  {&o->n_steps, sizeof o->n_steps},
					  {&o->n_skipped, sizeof o->n_skipped},
					  {t->history.rows, history_bytes(&t->history)},
					  {host[0], n_bytes},
					  {host[1], n_bytes},
					  {host[2], n_bytes},
					  {0}};
	bool is_loaded = false;
	if (is_saving)
		checkpoint_save(t->checkpoint, t->run->key, parts);
	else
		is_loaded = checkpoint_load(t->checkpoint, t->run->key, parts);

	for (int i = 0; i < 3; i++) {
		if (is_loaded)
			ops->upload(device[i], host[i], n_bytes);
		free(host[i]);
	}

	t->saved_s = now_s();
}

static void resume(struct pretrain *t)
{
	snprintf(t->checkpoint, sizeof t->checkpoint, "%s/pretrain", stage_checkpoint(t->run));
	t->every_s = 60 * params_float(t->run->params, "checkpoint_minutes");
	checkpoint(t, false);
	if (t->state.step > 0)
		warn("continuing at step %" PRId64 " of %" PRId64, t->state.step, t->n_steps);
}

/* ---- training ---- */

/* RankMe of the last step's embeddings; 0 if it is not finite. */
static float effective_rank(const struct contrast *c)
{
	int rows = 2 * c->settings.n, dim = c->net->dim;
	float *h = die_malloc((size_t)rows * (size_t)dim * sizeof *h);
	contrast_embeddings(h, c);
	double rank = rankme(h, rows, dim);
	free(h);
	return isfinite(rank) ? (float)rank : 0;
}

static void count_skipped(struct pretrain *t, bool is_skipped)
{
	t->state.n_skipped_in_a_row = is_skipped ? t->state.n_skipped_in_a_row + 1 : 0;
	if (t->state.n_skipped_in_a_row >= SKIPPED_LIMIT)
		die("the gradient was not finite in %d steps in a row (step %" PRId64
		    "); lower pretrain.lr or raise pretrain.temperature",
		    SKIPPED_LIMIT, t->state.step);
}

static void end_epoch(struct pretrain *t, struct progress *p, int epoch)
{
	char line[256];
	int every = (t->n_epochs + LINES - 1) / LINES;
	t->state.rankme = effective_rank(t->contrast);
	history_end_epoch(&t->history, t->state.step - 1, t->state.rankme);
	history_line(line, sizeof line, &t->history, epoch, t->contrast->net->dim);
	if ((epoch + 1) % every == 0 || epoch + 1 == t->n_epochs)
		progress_line(p, "%s", line);
}

/* The views of a step are drawn while the step before computes, unless it is the last. */
static void begin_drawing(struct pretrain *t, int64_t step)
{
	if (step >= t->n_steps)
		return;
	int epoch = (int)(step / t->per_epoch), i = (int)(step % t->per_epoch);
	if (epoch != t->shuffled)
		batch_shuffle(t->order, &t->source, (uint32_t)epoch);
	t->shuffled = epoch;
	t->drawing = (struct batch_drawing){
		t->x,
		t->keep,
		&t->source,
		t->order + (size_t)i * (size_t)t->n,
		t->n,
		(uint32_t)epoch,
		pairing_draw(t->objective->pairing, t->data.policy.seed, (uint64_t)step)};
	batch_draw_begin(&t->drawing, t->patient);
}

static void train_step(struct pretrain *t, struct progress *p)
{
	int epoch = (int)(t->state.step / t->per_epoch), i = (int)(t->state.step % t->per_epoch);
	float lr = schedule_lr(&t->schedule, t->state.step);
	batch_draw_end();
	contrast_load(t->contrast, t->x, t->keep, t->patient);
	begin_drawing(t, t->state.step + 1);
	struct contrast_result r = contrast_learn(t->contrast, lr);
	float loss_uniform = contrast_uniform_loss(&t->contrast->settings);
	history_add(&t->history, t->state.step, &r, lr, loss_uniform, t->state.rankme);
	count_skipped(t, r.is_skipped);
	t->state.step++;
	progress_note(p, "loss %.3f / %.3f", (double)r.loss, (double)loss_uniform);
	progress_step(p, (uint64_t)t->n);
	if (i + 1 == t->per_epoch)
		end_epoch(t, p, epoch);
}

/* False if interrupted: the state is saved then. */
static bool train(struct pretrain *t)
{
	struct progress p;
	progress_start(&p, "pretrain", "records", (uint64_t)(t->n_steps - t->state.step) * (uint64_t)t->n);
	begin_drawing(t, t->state.step);

	while (t->state.step < t->n_steps) {
		train_step(t, &p);
		bool is_interrupted = *t->run->is_interrupted;
		if (is_interrupted || now_s() - t->saved_s >= t->every_s)
			checkpoint(t, true);
		if (is_interrupted && t->state.step < t->n_steps) {
			batch_draw_end();
			progress_end(&p);
			warn("interrupted at step %" PRId64 " of %" PRId64
			     "; the same command continues there",
			     t->state.step, t->n_steps);
			return false;
		}
	}

	progress_end(&p);
	return true;
}

/* ---- the model ---- */

static void write_history(struct artifact_writer *w, const struct history *h)
{
	json_t *columns = json_array();
	int table = artifact_table(w, "history");
	for (int k = 0; k < HISTORY_COLUMNS; k++)
		json_array_append_new(columns, json_string(h->name[k]));
	artifact_attribute(w, "history_columns", columns);
	for (int64_t i = 0; i < h->n_steps; i++)
		artifact_put_floats(w, table, artifact_key((uint64_t)i).bytes, 8, history_row(h, i),
				    HISTORY_COLUMNS);
}

/* All that embed and finetune need: the network, how views are cut and drawn, what the labels mean. */
static void write_model(struct pretrain *t)
{
	static const char *const carried[] = {"classes", "statements", "normalize",
					      "dataset", "views",      "augment"};
	struct artifact_writer *w = t->run->output = artifact_create("model", 1);
	const struct encoder *net = t->contrast->net;

	network_carry(w, t->run->input[0], carried, sizeof carried / sizeof *carried);
	artifact_attribute(w, "config", config_json(&net->config));
	artifact_attribute(w, "tensors", config_shapes(net->tensors));
	artifact_attribute(w, "objective", json_string(t->objective->name));
	artifact_attribute(w, "chance", json_string(t->objective->chance));
	artifact_attribute(w, "seed", json_integer(params_int(t->run->params, "seed")));
	artifact_attribute(w, "batch", json_integer(t->n));
	artifact_attribute(w, "records", json_integer((json_int_t)t->data.n));
	artifact_attribute(w, "skipped_steps", json_integer(t->contrast->optimizer.n_skipped));
	write_history(w, &t->history);
	network_write(w, net);
}

static void run(struct stage_run *r)
{
	struct pretrain *t = die_calloc(1, sizeof *t);
	t->run = r;
	set_up(t);
	resume(t);
	warn("%zu records, batch %d, %" PRId64 " steps of %.1f MB activations, %zu weights, %s, %d threads",
	     t->data.n, t->n, t->n_steps, (double)t->contrast->net->arena_bytes / 1e6,
	     t->contrast->net->tensors->count, t->contrast->ops->name, pool_threads());
	if (train(t))
		write_model(t);
	tear_down(t);
	free(t);
}

static const struct param params[] = {
	{"model", PARAM_CHOICE, .choices = "tiny small base resnet18 resnet18-poster", .otherwise = "tiny",
	 .help = "the encoder: a dual-view transformer of three sizes, or a residual network"},
	{"towers", PARAM_CHOICE, .choices = "time channel both", .otherwise = "both",
	 .help = "which towers the dual-view transformer has"},
	{"d_model", PARAM_INT, .min = -1, .max = 4096, .otherwise = "-1",
	 .help = "width (resnet18: of the first stage); -1: the size's own"},
	{"n_heads", PARAM_INT, .min = -1, .max = 64, .otherwise = "-1",
	 .help = "attention heads; -1: the size's own"},
	{"n_time_layers", PARAM_INT, .min = -1, .max = 64, .otherwise = "-1",
	 .help = "layers of the time tower; -1: the size's own"},
	{"n_channel_layers", PARAM_INT, .min = -1, .max = 64, .otherwise = "-1",
	 .help = "layers of the channel tower; -1: the size's own"},
	{"n_cross", PARAM_INT, .min = -1, .max = 16, .otherwise = "-1",
	 .help = "cross-attention blocks; -1: the size's own"},
	{"projector_hidden", PARAM_INT, .min = -1, .max = 65536, .otherwise = "-1",
	 .help = "hidden width of the projector; -1: the size's own"},
	{"projector_out", PARAM_INT, .min = -1, .max = 65536, .otherwise = "-1",
	 .help = "width of what the loss sees; -1: the size's own"},
	{"temperature", PARAM_FLOAT, .min = 0.001, .max = 100, .otherwise = "0.1", .help = "of NT-Xent"},
	{"objective", PARAM_CHOICE, .choices = OBJECTIVE_NAMES, .otherwise = "ntxent",
	 .help = "NT-Xent, or with halves CLOCS's: segments, leads or both as views"},
	{"same_patient", PARAM_CHOICE, .choices = "auto mask positive ignore", .otherwise = "auto",
	 .help = "other records of the same patient: left out, positives, or negatives; auto: mask with "
		 "ntxent, "
		 "else positive"},
	{"epochs", PARAM_INT, .min = 1, .max = 1000000, .otherwise = "20",
	 .help = "passes over the records of folds 1 to 8"},
	{"batch", PARAM_INT, .unit = "records", .min = 2, .max = 65536, .otherwise = "128",
	 .help = "records of a step; each gives two views"},
	{"min_steps", PARAM_INT, .min = 1, .max = 1000000, .otherwise = "16",
	 .help = "steps of an epoch at least: with few records the batch shrinks, down to 16"},
	{"lr", PARAM_FLOAT, .min = -1, .max = 10, .otherwise = "-1",
	 .help = "peak learning rate; -1: the size's own (small 0.0004, base 0.0003, others 0.001)"},
	{"warmup_epochs", PARAM_FLOAT, .min = 0, .max = 1000000, .otherwise = "5",
	 .help = "linear warm-up; then a cosine to 0"},
	{"weight_decay", PARAM_FLOAT, .min = 0, .max = 10, .otherwise = "0.05", .help = "decoupled (AdamW)"},
	{"clip", PARAM_FLOAT, .min = 1e-6, .max = 1e6, .otherwise = "1",
	 .help = "largest norm of a step's gradient"},
	{"seed", PARAM_INT, .min = 0, .max = 9007199254740991, .otherwise = "1",
	 .help = "of initial weights, order and views"},
	{"checkpoint_minutes", PARAM_FLOAT, .unit = "min", .min = 0, .max = 100000, .otherwise = "5",
	 .not_in_key = true, .help = "time between checkpoints; a killed training continues from the last"},
	{0}};

static const struct stage stage = {.name = "pretrain",
				   .purpose = "Train an encoder by contrasting views",
				   .inputs = INPUTS("views"),
				   .kind = "model",
				   .params = params,
				   .run = run};

int main(int argc, char **argv)
{
	return stage_main(&stage, argc, argv);
}
