/* How much a linear classifier gets out of frozen embeddings.
 *
 * Reads `embeddings`. Writes `scores`: probabilities of folds 9 and 10, metrics with
 * intervals, and the classifier.
 *
 * The story: the same classifier is fitted on folds 1 to 8 for each arm (trained encoder, random
 * convolutions, initial encoder, amplitudes alone, majority class), its strength chosen on fold 9; all are
 * judged on fold 10 (stages/shared/judge.h). docs/probe.md.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/progress.h"
#include "ecg/convolutions.h"
#include "ecg/lead.h"
#include "numbers/contract.h"
#include "stages/shared/caveats.h"
#include "stages/shared/judge.h"
#include "stages/shared/legacy.h"
#include "store/stage.h"

/* Rows of the table. What probes see: the trained encoder, random convolutions, the first of these, as many
 * as the encoder has features, the same encoder before training, amplitudes, nothing. */
enum { TRAINED, CONVOLUTIONS, CONVOLUTIONS_DIM, RANDOM, SCALE, MAJORITY, ROWS };
static const struct {
	const char *key, *name, *table,
		*out; /* of table `metrics`, printed; tables of embeddings and of scores */
} arms[ROWS] = {{"trained", "trained", "embedding", "probability"},
		{"convolutions", "random convolutions", "convolutions", "probability_convolutions"},
		{"convolutions_dim", "convolutions, as wide", "convolutions", "probability_convolutions_dim"},
		{"random", "random-initialised", "random", "probability_random"},
		{"scale", "log-std only", "scale", "probability_scale"},
		{"majority", "majority class", NULL, NULL}};

struct probing {
	struct artifact *embeddings;
	const struct params *params;
	int dim, n_convolved; /* features of the encoder and, 0 if there are none, of the convolutions */
	bool has_scale;	      /* both are followed by the 12 log-std */
	struct judge judge;
	struct probe_data data;
	struct probe probe[ROWS];
	struct judge_row row[ROWS];
	int n_rows;
};

/* The convolutions need not be there, nor be more than the encoder's features. */
static bool has_row(const struct probing *s, int arm)
{
	return arm == CONVOLUTIONS	 ? s->n_convolved > 0
	       : arm == CONVOLUTIONS_DIM ? s->n_convolved > s->dim
					 : true;
}

/* ---- reading ---- */

static void read_header(struct probing *s, struct stage_run *r)
{
	s->embeddings = r->input[0];
	s->params = r->params;
	s->has_scale = !strcmp(params_text(r->params, "features"), "embedding+scale");
	s->dim = (int)artifact_integer(s->embeddings, "dim");
	if (s->dim < 1)
		die("embeddings %s: dimension %d; a probe needs a positive one", artifact_id(s->embeddings),
		    s->dim);
	if (artifact_has_table(s->embeddings, "convolutions"))
		s->n_convolved = convolutions_width((int)artifact_integer(s->embeddings, "convolutions"));
	if (params_float(r->params, "c_min") > params_float(r->params, "c_max"))
		die("probe.c_min is greater than probe.c_max; swap them");
	judge_open(&s->judge, s->embeddings, params_text(r->params, "task"),
		   !strcmp(params_text(r->params, "labels"), "multi"));
	s->data = judge_data(&s->judge);
}

/* The features of a part's records, as one arm sees them. */
struct seen {
	const struct artifact *embeddings;
	const struct judge_part *part;
	const char *table; /* its row stands first */
	size_t width, n;   /* numbers of that row, and how many of them are seen */
	size_t n_scale;	   /* numbers of table scale behind them */
};

static void read_columns(const struct seen *s, float *out, const char *table, size_t width, size_t n,
			 uint64_t record)
{
	struct artifact_value v = artifact_get_record(s->embeddings, table, record);
	if (!v.bytes || v.n_bytes != width * sizeof *out)
		die("embeddings %s: record %" PRIu64 " has %zu bytes in table %s, expected %zu",
		    artifact_id(s->embeddings), record, v.n_bytes, table, width * sizeof *out);
	memcpy(out, v.bytes, n * sizeof *out);
}

static void read_row(const struct rows *r, float *out, size_t i)
{
	const struct seen *s = r->context;
	read_columns(s, out, s->table, s->width, s->n, s->part->record[i]);
	if (s->n_scale)
		read_columns(s, out + s->n, arms[SCALE].table, s->n_scale, s->n_scale, s->part->record[i]);
}

/* ---- fitting and judging ---- */

static struct seen seen_by(const struct probing *s, int arm, const struct judge_part *part)
{
	bool is_convolved = arm == CONVOLUTIONS || arm == CONVOLUTIONS_DIM;
	size_t width = arm == SCALE ? LEADS : (size_t)(is_convolved ? s->n_convolved : s->dim);
	return (struct seen){s->embeddings,
			     part,
			     arms[arm].table,
			     width,
			     .n = arm == CONVOLUTIONS_DIM ? (size_t)s->dim : width,
			     .n_scale = arm != SCALE && s->has_scale ? LEADS : 0};
}

static void fit(struct probing *s, int arm, struct progress *progress)
{
	const struct params *p = s->params;
	struct seen seen[PROBE_PARTS];
	struct rows rows[PROBE_PARTS];

	for (int k = 0; k < PROBE_PARTS; k++) {
		seen[k] = seen_by(s, arm, &s->judge.part[k]);
		rows[k] = (struct rows){seen[k].part->n, (int)(seen[k].n + seen[k].n_scale), read_row,
					&seen[k]};
	}
	probe_fit(&s->probe[arm], &s->data, rows,
		  &(struct probe_options){params_float(p, "c_min"), params_float(p, "c_max"),
					  (int)params_int(p, "c_steps"), params_bool(p, "class_offset"),
					  progress});
}

static void fit_all(struct probing *s)
{
	struct progress p;
	int n = 0;
	for (int a = 0; a < MAJORITY; a++)
		n += has_row(s, a);
	progress_start(&p, "probe", "fits", (uint64_t)n * (uint64_t)params_int(s->params, "c_steps"));
	for (int a = 0; a < MAJORITY; a++)
		if (has_row(s, a))
			fit(s, a, &p);
	probe_majority(&s->probe[MAJORITY], &s->data);
	progress_end(&p);
}

static void judge(struct probing *s)
{
	for (int a = 0; a < ROWS; a++) {
		const struct probe *p = &s->probe[a];
		if (!has_row(s, a))
			continue;
		struct judge_row *row = &s->row[s->n_rows++];
		*row = (struct judge_row){arms[a].key,	       arms[a].name,
					  .weight = p->weight, .c = a == MAJORITY ? (double)NAN : p->c,
					  .tau = p->tau,       .table = arms[a].out};
		memcpy(row->probability, p->probability, sizeof p->probability);
	}

	judge_run(&s->judge, s->row, s->n_rows, (uint64_t)params_int(s->params, "seed"),
		  (int)params_int(s->params, "bootstrap"));
	if (!s->data.n[PROBE_VALIDATION])
		judge_note(
			&s->judge,
			json_string("Fold 9 has no record: C was taken as the one nearest to 1, without an "
				    "offset."));

	caveats_add(&s->judge, s->probe[MAJORITY].prior);
}

/* ---- writing ---- */

/* What a fine-tuning head starts from: logits = weight ((x - mean) / scale) + bias, 0 where scale is 0. */
static void put_weights(const struct probing *s, struct artifact_writer *w)
{
	const struct probe *p = &s->probe[TRAINED];
	size_t d = (size_t)p->d, n = (size_t)p->n_classes;
	int table = artifact_table(w, "weight");
	judge_put_doubles(w, table, "bias", p->bias, n);
	judge_put_doubles(w, table, "mean", p->scaler.mean, d);
	judge_put_doubles(w, table, "scale", p->scaler.scale, d);
	judge_put_doubles(w, table, "weight", p->coefficient, n * d);
}

static void write_scores(const struct probing *s, struct stage_run *r)
{
	static const char *const carried[] = {"dataset", "strategy"};
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
		legacy_put(w, &s->judge, s->embeddings, s->dim);
}

static void run(struct stage_run *r)
{
	struct probing s = {0};
	read_header(&s, r);
	fit_all(&s);
	judge(&s);
	write_scores(&s, r);
	for (int a = 0; a < ROWS; a++)
		probe_release(&s.probe[a]);
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
	printf("chosen");

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
