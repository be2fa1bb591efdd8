/* Train encoder and classifier together on the labels.
 *
 * Reads `model` (of pretrain: the network and how its views are cut), `scores` (of probe: which labels count, and the
 * classifier to start from) and `signals`. Writes `scores` like probe's, and in them the tuned network.
 *
 * The story: read what is learned from (examples.h); start network and classifier; judge what that is worth before the
 * first step; train (training.h); judge again and write. docs/finetune.md.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/pool.h"
#include "ecg/lead.h"
#include "model/config.h"
#include "model/finetune.h"
#include "statistics/offset.h"
#include "statistics/subset.h"
#include "stages/shared/caveats.h"
#include "stages/finetune/examples.h"
#include "stages/shared/judge.h"
#include "stages/shared/network.h"
#include "stages/finetune/training.h"
#include "store/stage.h"

enum {
	RECORDS = 64,
	MIN_BATCH = 8
}; /* records that are looked at together; the batch does not shrink below it */

/* Rows of the table: TUNED after training, PROBE before it, RANDOM a probe of the encoder with the weights its pretraining
 * began with. From scratch PROBE is RANDOM, and stands only there. */
enum { TUNED, PROBE, RANDOM, MAJORITY, ARMS };

struct tuning {
	struct stage_run *run;
	const struct artifact *model, *probe, *signals;
	struct judge judge;
	struct judge_arm arm[ARMS];
	int n_arms;
	bool is_scratch;
	struct examples examples;
	struct finetune *net;
	struct training training;
	struct probe majority;
	float *probability[MAJORITY][PROBE_PARTS];
	double *prior, *weight[MAJORITY];
	float *mean, *scale; /* of the classifier's features */
};

/* ---- reading ---- */

static void read_policy(struct tuning *s)
{
	struct error e = {0};
	struct views v;
	const struct params *p = s->run->params;

	if (views_read(&v, artifact_get_attribute(s->model, "views"), &e) < 0 ||
	    augment_read(&s->examples.policy, artifact_get_attribute(s->model, "augment"), &v, &e) < 0)
		die("model %s: %s", artifact_id(s->model), error_text(&e));

	/* Amplitudes and leads are what diagnoses rest on, so what hid them from pretraining is off unless asked for. */
	s->examples.policy.seed = (uint64_t)params_int(p, "seed");
	s->examples.policy.lead_mask_p = params_float(p, "lead_mask_p");
	s->examples.policy.gain = params_float(p, "gain");
	s->examples.policy.noise_min = 0;
	s->examples.policy.noise_max = params_float(p, "noise");
	s->examples.policy.noise_p = s->examples.policy.noise_max > 0;
	if (s->examples.policy.pool_draws > 1)
		s->examples.policy.pool_draws = 1;
}

static void check_signals(const struct tuning *s)
{
	const struct views *v = &s->examples.policy.views;
	if (json_number_value(artifact_get_attribute(s->signals, "rate_hz")) != v->rate_hz ||
	    artifact_integer(s->signals, "samples") != v->samples ||
	    !json_equal(artifact_get_attribute(s->signals, "normalize"),
			artifact_get_attribute(s->model, "normalize")))
		die("signals %s: other rate, length or normalisation than those the model was trained on",
		    artifact_id(s->signals));
}

/* Classes and records as the probe had them. */
static void read_labels(struct tuning *s)
{
	judge_open(&s->judge, s->signals, artifact_text(s->probe, "task"),
		   !strcmp(artifact_text(s->probe, "labels"), "multi"));
	if (!json_equal(s->judge.classes, artifact_get_attribute(s->probe, "classes")))
		die("signals %s: other classes than those of the probe", artifact_id(s->signals));
}

static void draw_subset(struct tuning *s)
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

static void read_inputs(struct tuning *s)
{
	const struct params *p = s->run->params;
	s->model = s->run->input[0];
	s->probe = s->run->input[1];
	s->signals = s->run->input[2];
	s->is_scratch = !strcmp(params_text(p, "from"), "scratch");
	s->examples.n_extra = !strcmp(artifact_text(s->probe, "features"), "embedding+scale") ? LEADS : 0;
	read_policy(s);
	check_signals(s);
	read_labels(s);
	draw_subset(s);
	examples_load(&s->examples, s->signals, &s->judge);
}

/* With few records the batch shrinks: weights move once a step, and few steps teach nothing. */
static struct training_plan plan(const struct tuning *s)
{
	const struct params *p = s->run->params;
	int64_t n = (int64_t)s->examples.n[PROBE_TRAIN], batch = params_int(p, "batch"),
		limit = n / params_int(p, "min_steps");

	if (limit < MIN_BATCH)
		limit = MIN_BATCH;
	if (batch > limit)
		batch = limit;
	if (batch > n)
		batch = n;

	return (struct training_plan){.batch = (int)batch,
				      .per_epoch = (int)(n / batch),
				      .n_epochs = (int)params_int(p, "epochs"),
				      .patience = (int)params_int(p, "patience"),
				      .warmup = params_float(p, "warmup"),
				      .average = params_float(p, "average"),
				      .checkpoint_s = 60 * params_float(p, "checkpoint_minutes")};
}

/* ---- the network and what its classifier starts from ---- */

static void make_network(struct tuning *s, int batch)
{
	const struct params *p = s->run->params;
	struct error e = {0};
	struct finetune_settings f = {.n_classes = s->judge.n_classes,
				      .n_extra = s->examples.n_extra,
				      .is_multi = s->judge.is_multi,
				      .max_rows = 2 * batch,
				      .max_records = RECORDS,
				      .n_views = views_n_fixed(&s->examples.policy.views),
				      .lr = (float)params_float(p, "lr"),
				      .encoder_lr = (float)params_float(p, "encoder_lr"),
				      .decay = (float)params_float(p, "layer_decay"),
				      .optimizer = {.weight_decay = (float)params_float(p, "weight_decay"),
						    .max_norm = (float)params_float(p, "clip")}};

	if (config_read(&f.net, artifact_get_attribute(s->model, "config"), &e) < 0)
		die("model %s: %s", artifact_id(s->model), error_text(&e));
	if (encoder_samples(&f.net) != views_input_samples(&s->examples.policy.views))
		die("model %s: its attributes contradict each other", artifact_id(s->model));
	if (s->is_scratch) { /* nothing learned before is to be kept */
		f.encoder_lr = f.lr;
		f.decay = 1;
	}

	s->net = finetune_new(ops_chosen(), &f);
}

static void draw_weights(struct tuning *s, uint64_t seed)
{
	encoder_init(s->net->net, seed);
	finetune_sync(s->net);
	examples_set_statistics(&s->examples, s->net);
}

static void load_weights(struct tuning *s)
{
	network_load(s->net->net, s->model);
	finetune_sync(s->net);
}

static void read_weight(const struct tuning *s, float *to, const char *key, size_t n)
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
static struct probe fit_probe(struct tuning *s)
{
	struct probe p;
	struct probe_data data = judge_data(&s->judge);
	float *h[PROBE_PARTS];
	size_t d = (size_t)(s->net->net->dim + s->examples.n_extra);
	for (int k = 0; k < PROBE_PARTS; k++) {
		h[k] = die_malloc((data.n[k] * d + 1) * sizeof(float));
		examples_features(&s->examples, s->net, k, h[k]);
	}
	probe_fit(&p, &data, (const float *const *)h, (int)d,
		  &(struct probe_options){1e-5, 100, 15, params_bool(s->run->params, "class_offset"), NULL});
	for (int k = 0; k < PROBE_PARTS; k++)
		free(h[k]);
	return p;
}

/* What the untrained encoder is worth on the same labels. */
static void judge_random(struct tuning *s)
{
	size_t n_classes = (size_t)s->judge.n_classes;
	draw_weights(s, (uint64_t)artifact_integer(s->model, "seed"));
	struct probe p = fit_probe(s);
	s->weight[RANDOM] = die_malloc(n_classes * sizeof(double));
	for (int k = PROBE_VALIDATION; k < PROBE_PARTS; k++) {
		size_t n_bytes = s->examples.n[k] * n_classes * sizeof(float);
		s->probability[RANDOM][k] = die_malloc(n_bytes + 1);
		memcpy(s->probability[RANDOM][k], p.probability[k], n_bytes);
	}
	probe_release(&p);
}

static void start_head(struct tuning *s)
{
	size_t d = (size_t)(s->net->net->dim + s->examples.n_extra), n = (size_t)s->judge.n_classes;
	float *weight = die_malloc(n * d * sizeof *weight), *bias = die_malloc(n * sizeof *bias);

	s->mean = die_malloc(d * sizeof *s->mean);
	s->scale = die_malloc(d * sizeof *s->scale);
	if (s->is_scratch || params_float(s->run->params, "label_fraction") < 1) {
		struct probe p = fit_probe(s);
		round_to(s->mean, p.scaler.mean, d);
		round_to(s->scale, p.scaler.scale, d);
		round_to(weight, p.coefficient, n * d);
		round_to(bias, p.bias, n);
		probe_release(&p);
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

static void predict(struct tuning *s, int arm)
{
	size_t n_classes = (size_t)s->judge.n_classes;
	s->weight[arm] = die_malloc(n_classes * sizeof(double));
	for (int k = PROBE_VALIDATION; k < PROBE_PARTS; k++) {
		s->probability[arm][k] = die_malloc((s->examples.n[k] * n_classes + 1) * sizeof(float));
		examples_predict(&s->examples, s->net, k, s->probability[arm][k]);
	}
}

/* ---- judging and writing ---- */

static void add_arm(struct tuning *s, int a, const char *key, const char *name, const char *table)
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
	struct judge_arm *arm = &s->arm[s->n_arms++];
	*arm = (struct judge_arm){key,		name,	       .weight = s->weight[a], .c = (double)NAN,
				  .tau = o.tau, .table = table};
	memcpy(arm->probability, s->probability[a], sizeof s->probability[a]);
}

static void judge(struct tuning *s)
{
	const struct params *p = s->run->params;
	struct probe_data data = judge_data(&s->judge);

	s->prior = die_malloc((size_t)data.n_classes * sizeof *s->prior);
	offset_prior(s->prior, data.truth[PROBE_TRAIN], data.n[PROBE_TRAIN], data.n_classes);
	probe_majority(&s->majority, &data);
	add_arm(s, TUNED, "finetuned", s->is_scratch ? "trained from scratch" : "fine-tuned", "probability");
	if (!s->is_scratch)
		add_arm(s, PROBE, "probe", "linear probe", "probability_probe");
	add_arm(s, RANDOM, "random", "random-initialised", "probability_random");

	struct judge_arm *majority = &s->arm[s->n_arms++];
	*majority = (struct judge_arm){"majority", "majority class", .weight = s->majority.weight,
				       .c = (double)NAN};
	memcpy(majority->probability, s->majority.probability, sizeof s->majority.probability);
	judge_run(&s->judge, s->arm, s->n_arms, (uint64_t)params_int(p, "seed"),
		  (int)params_int(p, "bootstrap"));

	if (!data.n[PROBE_VALIDATION])
		judge_note(&s->judge,
			   json_string("Fold 9 has no record: the last epoch was taken, without an "
				       "offset."));
	else if (s->training.state.best_epoch == 0)
		judge_note(&s->judge,
			   json_string("No epoch was better on fold 9 than the probe that training "
				       "started from, so that was taken."));

	caveats_add(&s->judge, s->prior);
}

/* The classifier as the probe publishes its own. */
static void write_classifier(struct artifact_writer *w, const struct tuning *s)
{
	const struct classifier *c = s->net->head;
	size_t n = (size_t)s->judge.n_classes, d = (size_t)(s->net->net->dim + s->examples.n_extra);
	const float *weights = s->training.best_head;
	int table = artifact_table(w, "weight");
	artifact_put_floats(w, table, "bias", 4, weights + c->tensors.list[c->linear.bias].offset, n);
	artifact_put_floats(w, table, "mean", 4, s->mean, d);
	artifact_put_floats(w, table, "scale", 5, s->scale, d);
	artifact_put_floats(w, table, "weight", 6, weights + c->tensors.list[c->linear.weight].offset, n * d);
}

static void write_scores(struct tuning *s)
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
	artifact_attribute(w, "features", json_string(s->examples.n_extra ? "embedding+scale" : "embedding"));
	artifact_attribute(w, "from", json_string(params_text(p, "from")));
	artifact_attribute(w, "label_fraction", json_real(params_float(p, "label_fraction")));
	artifact_attribute(w, "best_epoch", json_integer(s->training.state.best_epoch));
	artifact_attribute(w, "skipped_steps", json_integer(s->training.state.n_skipped));
	artifact_attribute(w, "config", config_json(&net->config));
	artifact_attribute(w, "tensors", config_shapes(net->tensors));
	judge_write(&s->judge, w);
	write_classifier(w, s);
	training_write_history(&s->training, w);
	network_write(w, net);
}

static void study_release(struct tuning *s)
{
	for (int a = 0; a < MAJORITY; a++) {
		for (int k = 0; k < PROBE_PARTS; k++)
			free(s->probability[a][k]);
		free(s->weight[a]);
	}
	free(s->prior);
	free(s->mean);
	free(s->scale);
	training_release(&s->training);
	finetune_free(s->net);
	probe_release(&s->majority);
	examples_release(&s->examples);
	judge_close(&s->judge);
}

static void run(struct stage_run *r)
{
	struct tuning s = {.run = r};
	read_inputs(&s);
	struct training_plan p = plan(&s);
	make_network(&s, p.batch);

	if (s.is_scratch) {
		draw_weights(&s, s.examples.policy.seed);
	} else {
		judge_random(&s);
		load_weights(&s);
	}

	start_head(&s);
	predict(&s, s.is_scratch ? RANDOM : PROBE);
	training_init(&s.training, r, s.net, &s.examples, &s.judge, &p);
	warn("%zu records, batch %d, %" PRId64 " steps of %.1f MB activations, %d threads",
	     s.examples.n[PROBE_TRAIN], p.batch, s.training.schedule.n_steps,
	     (double)s.net->net->arena_bytes / 1e6, pool_threads());

	if (training_run(&s.training)) {
		predict(&s, TUNED);
		judge(&s);
		write_scores(&s);
	}

	study_release(&s);
}

static void show(struct artifact *scores)
{
	json_t *arms = judge_read_arms(scores);
	double share = artifact_number(scores, "label_fraction");
	printf("%s, per record, task %s, %s, %g %% of the training labels\n",
	       !strcmp(artifact_text(scores, "from"), "scratch") ? "Training from scratch" : "Fine-tuning",
	       artifact_text(scores, "task"),
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
	{"average", PARAM_FLOAT, .unit = "epochs", .min = 0, .max = 1000, .otherwise = "0",
	 .help = "judge and keep a running average of the weights that looks back so far; 0: the last ones"},
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
