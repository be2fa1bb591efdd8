/* How much a linear classifier gets out of frozen embeddings.
 *
 * Reads `embeddings`. Writes `scores`: probabilities of folds 9 and 10, or cross-validated of all, metrics
 * with intervals, and the classifier.
 *
 * The story: the same classifier is fitted on folds 1 to 8 for each arm (seen.h), its strength chosen on
 * fold 9; all are judged on fold 10 (stages/shared/judge.h) or, with few records, on each fold in turn
 * (fitting.h). docs/probe.md.
 */
#include <stdio.h>
#include <string.h>

#include "common/die.h"
#include "ecg/fold.h"
#include "numbers/contract.h"
#include "stages/probe/fitting.h"
#include "stages/shared/caveats.h"
#include "stages/shared/legacy.h"
#include "stages/shared/rotation.h"
#include "store/stage.h"

struct probing {
	const struct artifact *embeddings;
	const struct params *params;
	struct seen seen;
	struct judge judge;
	struct fitting fitting;
};

/* ---- reading ---- */

/* Few records in fold 10 say little; each record can be tested once instead. */
static bool is_crossed(const struct probing *s)
{
	const char *evaluation = params_text(s->params, "evaluation");
	size_t n = s->judge.part[PROBE_TEST].n, below = (size_t)params_int(s->params, "cross_below");
	return !strcmp(evaluation, "cross") || (!strcmp(evaluation, "auto") && n < below);
}

/* Whether the records can be cross-validated: 3 folds must have some, to train, choose and test. */
static void pool(struct probing *s)
{
	judge_pool(&s->judge);
	int n = rotation_folds(&s->judge);
	if (n < 3)
		die("embeddings %s: labelled records in %d fold%s; a cross-validation needs 3 or more: set "
		    "probe.evaluation to folds",
		    artifact_id(s->embeddings), n, n == 1 ? "" : "s");
}

static void read_input(struct probing *s, struct stage_run *r)
{
	s->embeddings = r->input[0];
	s->params = r->params;
	seen_open(&s->seen, s->embeddings, !strcmp(params_text(r->params, "features"), "embedding+scale"));
	if (params_float(r->params, "c_min") > params_float(r->params, "c_max"))
		die("probe.c_min is greater than probe.c_max; swap them");
	judge_open(&s->judge, s->embeddings, params_text(r->params, "task"),
		   !strcmp(params_text(r->params, "labels"), "multi"));
	if (is_crossed(s))
		pool(s);
}

/* ---- fitting and judging ---- */

static void fit(struct probing *s)
{
	s->fitting = (struct fitting){.seen = &s->seen, .params = s->params};
	if (s->judge.is_pooled)
		fitting_cross(&s->fitting, &s->judge);
	else
		fitting_folds(&s->fitting, &s->judge);
}

/* What the reader of a cross-validation must know. */
static void note_cross(struct judge *j)
{
	judge_note(j, json_sprintf("Cross-validated, for fold 10 has %zu records: each record is judged by a "
				   "classifier fitted without its fold, and all are judged together.",
				   j->n_of_folds[PROBE_TEST]));
	judge_note(
		j,
		json_string(
			"The encoder was pretrained once: if on folds 1-8 of this dataset, it has seen "
			"their signals, without labels, and only those of folds 9 and 10 were new to it."));
}

static void judge(struct probing *s)
{
	struct judge *j = &s->judge;
	judge_run(j, s->fitting.row, s->fitting.n_rows, (uint64_t)params_int(s->params, "seed"),
		  (int)params_int(s->params, "bootstrap"));
	if (j->is_pooled)
		note_cross(j);
	else if (!j->part[PROBE_VALIDATION].n)
		judge_note(j,
			   json_string("Fold 9 has no record: C was taken as the one nearest to 1, without "
				       "an offset."));
	caveats_add(j, s->fitting.probe[MAJORITY].prior);
}

/* ---- writing ---- */

/* What a fine-tuning head starts from: logits = weight ((x - mean) / scale) + bias, 0 where scale is 0. */
static void put_weights(const struct probing *s, struct artifact_writer *w)
{
	const struct probe *p = &s->fitting.probe[TRAINED];
	size_t d = (size_t)p->d, n = (size_t)p->n_classes;
	int table = artifact_table(w, "weight");
	judge_put_doubles(w, table, "bias", p->bias, n);
	judge_put_doubles(w, table, "mean", p->scaler.mean, d);
	judge_put_doubles(w, table, "scale", p->scaler.scale, d);
	judge_put_doubles(w, table, "weight", p->coefficient, n * d);
}

/* By the folds, whatever the other rows are judged by. */
static void put_legacy(const struct probing *s, struct artifact_writer *w)
{
	struct judge by_folds = s->judge;
	struct rotation r;
	if (!s->judge.is_pooled) {
		legacy_put(w, &s->judge, s->embeddings, s->seen.dim);
		return;
	}
	rotation_open(&r, &s->judge, FOLD_TEST);
	memcpy(by_folds.part, r.part, sizeof r.part);
	legacy_put(w, &by_folds, s->embeddings, s->seen.dim);
	rotation_release(&r);
}

static void write_scores(const struct probing *s, struct stage_run *r)
{
	static const char *const carried[] = {"dataset", "embedded", "strategy"};
	struct artifact_writer *w = r->output = artifact_create("scores", 1);
	for (size_t i = 0; i < sizeof carried / sizeof *carried; i++) {
		const json_t *value = artifact_get_attribute(s->embeddings, carried[i]);
		if (value)
			artifact_attribute(w, carried[i], json_deep_copy(value));
	}
	artifact_attribute(w, "features", json_string(params_text(s->params, "features")));
	judge_write(&s->judge, w);
	put_weights(s, w);
	if (legacy_has(s->embeddings))
		put_legacy(s, w);
}

static void run(struct stage_run *r)
{
	struct probing s = {0};
	read_input(&s, r);
	fit(&s);
	judge(&s);
	write_scores(&s, r);
	fitting_release(&s.fitting);
	judge_close(&s.judge);
}

/* ---- showing ---- */

static void show(struct artifact *scores)
{
	json_t *shown = judge_read_rows(scores), *arm;
	size_t i;

	printf("Linear probe on frozen encoders, per record, task %s, %s (%s)\n",
	       artifact_text(scores, "task"),
	       !strcmp(artifact_text(scores, "labels"), "multi") ? "any number of classes" : "one class each",
	       artifact_text(scores, "features"));
	judge_print_parts(scores);
	const char *evaluation = json_string_value(artifact_get_attribute(scores, "evaluation"));
	printf("%s", evaluation && !strcmp(evaluation, "cross") ? "chosen, medians:" : "chosen");

	json_array_foreach (shown, i, arm)
		if (json_is_number(json_object_get(arm, "c")))
			printf("%s %s: C %.2g, tau %g", i ? ";" : "",
			       json_string_value(json_object_get(arm, "name")),
			       json_number_value(json_object_get(arm, "c")),
			       json_number_value(json_object_get(arm, "tau")));

	printf("\n\n");
	judge_print(scores, shown);
	json_t *legacy = json_array();
	json_array_append_new(legacy, legacy_read(scores));
	legacy_print(artifact_get_attribute(scores, "classes"), legacy);
	json_decref(legacy);
	json_decref(shown);
}

static const struct param params[] = {
	JUDGE_PARAMS(NULL),
	{"evaluation", PARAM_CHOICE, .choices = "auto folds cross", .otherwise = "auto",
	 .help = "folds: 1-8 train, 9 chooses, 10 is tested; cross: each fold is tested in turn; auto: cross "
		 "if "
		 "fold 10 is small"},
	{"cross_below", PARAM_INT, .unit = "records", .min = 0, .max = 1000000, .otherwise = "100",
	 .help = "auto: labelled records of fold 10 below which it is cross"},
	{"c_min", PARAM_FLOAT, .min = 1e-9, .max = 1e9, .otherwise = "1e-5",
	 .help = "smallest C (inverse strength of the penalty) tried on fold 9"},
	{"c_max", PARAM_FLOAT, .min = 1e-9, .max = 1e9, .otherwise = "100", .help = "greatest C tried"},
	{"c_steps", PARAM_INT, .min = 1, .max = 100, .otherwise = "15",
	 .help = "number of Cs, in equal ratios from c_min to c_max"},
	{"class_offset", PARAM_BOOL, .otherwise = "true",
	 .help = "choose tau of the class offset, logit - tau log prior, on fold 9"},
	{"bootstrap", PARAM_INT, .min = 0, .max = 100000, .otherwise = "1000",
	 .help = "patient-cluster resamples of fold 10 behind the intervals"},
	{"seed", PARAM_INT, .min = 0, .max = 4294967295, .otherwise = "1", .help = "of the resamples"},
	{0}};

static const struct stage stage = {.name = "probe",
				   .purpose = "Fit linear probes on embeddings and print their scores",
				   .inputs = INPUTS("embed"),
				   .kind = "scores",
				   .params = params,
				   .run = run,
				   .numerics = contract_host,
				   .show = show};

int main(int argc, char **argv)
{
	return stage_main(&stage, argc, argv);
}
