/* Train encoder and classifier together on the labels.
 *
 * Reads `model` (of pretrain: the network and how its views are cut), `scores` (of probe: which labels count,
 * and the classifier to start from) and `signals`; from scratch only `views` and `signals`. Writes `scores`
 * like probe's, and in them the tuned network.
 *
 * The story: read what is learned from (examples.h); start network and classifier and predict with them
 * before the first step (start.h); learn (learning.h, the loop is model/training.h); take the best epoch's
 * weights, judge and write (outcome.h). docs/finetune.md.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/pool.h"
#include "ecg/lead.h"
#include "kernels/ops.h"
#include "stages/finetune/outcome.h"
#include "stages/finetune/start.h"
#include "stages/shared/device.h"
#include "stages/shared/embedded.h"
#include "stages/finetune/tuning.h"
#include "stages/shared/floor.h"
#include "stages/shared/network.h"
#include "stages/shared/signals.h"
#include "statistics/subset.h"
#include "store/crew.h"

#define MIN_BATCH 8 /* records; the batch does not shrink below it */

/* ---- reading ---- */

enum { MODEL, SCORES, VIEWS, SIGNALS }; /* inputs */

static bool is_scratch(const struct params *p)
{
	return !strcmp(params_text(p, "from"), "scratch");
}

/* From scratch nothing that was trained before is read, so none of it has to be made. */
static bool needs(const struct params *p, int input)
{
	return input == SIGNALS || (input == VIEWS) == is_scratch(p);
}

static void read_policy(struct tuning *s)
{
	const struct params *p = s->run->params;
	signals_policy(&s->examples.policy, s->policy);

	/* Amplitudes and leads are what diagnoses rest on, so what hid them from pretraining is off
	 * unless asked for. */
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
	if (s->is_scratch)
		signals_check(s->signals, s->policy);
	else
		signals_check_alike(s->signals, s->model);
}

/* What section `probe` says, or said when the probe was made. */
static const char *judged(const struct tuning *s, const char *name)
{
	return s->probe ? artifact_text(s->probe, name) : params_text(s->run->params, name);
}

/* Classes and records as a probe has them. */
static void read_labels(struct tuning *s)
{
	judge_open(&s->judge, s->signals, judged(s, "task"), !strcmp(judged(s, "labels"), "multi"));
	if (s->probe)
		embedded_refuse(s->probe, "finetune");
	if (s->probe && !json_equal(s->judge.classes, artifact_get_attribute(s->probe, "classes")))
		die("signals %s: other classes than those of the probe", artifact_id(s->signals));
}

/* Who has labels of few training records has few to choose with as well. */
static void draw_subset(struct tuning *s, int part)
{
	const struct judge_part *p = &s->judge.part[part];
	const struct params *q = s->run->params;
	uint64_t *patient = die_malloc((p->n + 1) * sizeof *patient);
	uint8_t *chosen = die_malloc(p->n + 1);
	for (size_t i = 0; i < p->n; i++)
		patient[i] = p->label[i].patient;
	subset_draw(chosen, &(struct subset){p->n, patient, p->truth, s->judge.n_classes,
					     params_float(q, "label_fraction"),
					     (uint64_t)params_int(q, "label_draw")});
	judge_keep(&s->judge, part, chosen);
	free(patient);
	free(chosen);
}

static void read_inputs(struct tuning *s)
{
	s->is_scratch = is_scratch(s->run->params);
	s->model = s->run->input[MODEL];
	s->probe = s->run->input[SCORES];
	s->policy = s->run->input[s->is_scratch ? VIEWS : MODEL];
	s->signals = s->run->input[SIGNALS];
	s->examples.n_extra = !strcmp(judged(s, "features"), "embedding+scale") ? LEADS : 0;
	s->examples.team = s->run->team;
	read_policy(s);
	check_signals(s);
	read_labels(s);
	draw_subset(s, PROBE_TRAIN);
	draw_subset(s, PROBE_VALIDATION);
	examples_open(&s->examples, s->signals, &s->judge);
}

/* With few records the batch shrinks: weights move once a step, and few steps teach nothing. */
static struct learning_plan plan(const struct tuning *s)
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

	return (struct learning_plan){.batch = (int)batch,
				      .per_epoch = (int)(n / batch),
				      .n_epochs = (int)params_int(p, "epochs"),
				      .patience = (int)params_int(p, "patience"),
				      .warmup = params_float(p, "warmup"),
				      .average = params_float(p, "average")};
}

static void release(struct tuning *s)
{
	for (int a = 0; a < MAJORITY; a++) {
		for (int k = 0; k < PROBE_PARTS; k++)
			free(s->probability[a][k]);
		free(s->weight[a]);
	}
	free(s->prior);
	free(s->mean);
	free(s->scale);
	learning_release(&s->learning);
	finetune_free(s->net);
	probe_release(&s->majority);
	examples_release(&s->examples);
	judge_close(&s->judge);
}

static void run(struct stage_run *r)
{
	struct tuning s = {.run = r};
	read_inputs(&s);
	struct learning_plan p = plan(&s);
	start_network(&s, p.batch);
	start_weights(&s);
	start_head(&s);
	start_predict(&s, s.is_scratch ? RANDOM : PROBE);
	learning_init(&s.learning, r, s.net, &s.examples, &s.judge, &p);
	warn("%zu records, batch %d, %" PRId64 " steps of %.1f MB activations, %d threads%s",
	     s.examples.n[PROBE_TRAIN], p.batch, s.learning.training.schedule.n_steps,
	     (double)s.net->net->arena_bytes / 1e6, pool_threads(), crew_words(r->team));

	if (training_run(&s.learning.training)) {
		best_restore(&s.learning.best);
		start_predict(&s, TUNED);
		if (team_rank(r->team) == 0) {
			outcome_judge(&s);
			outcome_write(&s);
		}
	}

	release(&s);
}

static void show(struct artifact *scores)
{
	json_t *arms = judge_read_rows(scores);
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
	 .help = "share of the labelled records of folds 1 to 8 and of fold 9, by class, patients whole"},
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
	NETWORK_PARAMS("pretrain"),
	JUDGE_PARAMS("probe"),
	FLOOR_PARAMS("embed"),
	DEVICE_PARAMS("pretrain"),
	{"checkpoint_minutes", PARAM_FLOAT, .unit = "min", .min = 0, .max = 100000, .otherwise = "5",
	 .not_in_key = true, .help = "time between checkpoints; a killed training continues from the last"},
	{0}};

static const struct stage stage = {
	.name = "finetune",
	.purpose = "Train encoder and classifier together on the labels and print their scores",
	.inputs = INPUTS("pretrain", "probe", "views", "preprocess"),
	.needs = needs,
	.kind = "scores",
	.params = params,
	.run = run,
	.choose = device_choose,
	.numerics = ops_chosen_numerics,
	.has_team = true,
	.show = show};

int main(int argc, char **argv)
{
	return stage_main(&stage, argc, argv);
}
