#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "common/progress.h"
#include "ecg/label.h"
#include "ecg/lead.h"
#include "model/comparison.h"
#include "model/probe.h"
#include "model/scores.h"
#include "model/scoretable.h"
#include "store/stage.h"

enum { MAX_CLASSES = 32, SMALL_FOLD = 300, SMALL_CLASS = 30, FEW_PATIENTS = 5 };

/* Rows of the table. What probes see: the trained encoder, the same encoder before training, amplitudes, nothing. */
enum { TRAINED, RANDOM, SCALE, MAJORITY, ARMS };
static const struct {
	const char *key, *name, *table; /* of table `metrics`, in the printed table, of the embeddings */
} arms[ARMS] = {{"trained", "trained", "embedding"},
		{"random", "random-initialised", "random"},
		{"scale", "log-std only", "scale"},
		{"majority", "majority class", NULL}};

/* The records of one part of the folds, ascending. */
struct part {
	size_t n, room;
	uint64_t *record;
	struct label *label;
	uint8_t *truth; /* [n][n_classes] */
};

struct study {
	struct artifact *embeddings;
	const struct params *params;
	json_t *classes; /* names */
	int n_classes, dim;
	bool is_multi, has_scale; /* has_scale: encoders' features are followed by the 12 log-std */
	struct part part[PROBE_PARTS];
	size_t n_unlabelled, n_several; /* records left out */
	struct probe_data data;
	struct probe probe[ARMS];
	struct comparison comparison[PROBE_PARTS]; /* PROBE_TRAIN: unused */
	json_t *notes;
};

/* ---- reading ---- */

static void read_header(struct study *s, struct stage_run *r)
{
	s->embeddings = r->input[0];
	s->params = r->params;
	s->is_multi = !strcmp(params_text(r->params, "labels"), "multi");
	s->has_scale = !strcmp(params_text(r->params, "features"), "embedding+scale");
	s->dim = (int)artifact_integer(s->embeddings, "dim");
	s->classes = json_deep_copy(artifact_get_attribute(s->embeddings, "classes"));
	s->n_classes = (int)json_array_size(s->classes);
	s->notes = json_array();
	if (s->n_classes < 2 || s->n_classes > MAX_CLASSES || s->dim < 1)
		die("embeddings %s: %d classes and dimension %d; a probe needs 2 to %d classes and a "
		    "positive "
		    "dimension",
		    artifact_id(s->embeddings), s->n_classes, s->dim, MAX_CLASSES);
	if (params_float(r->params, "c_min") > params_float(r->params, "c_max"))
		die("probe.c_min is greater than probe.c_max; swap them");
}

/* Folds 1-8 train, 9 validates, 10 tests; -1: none of them. */
static int part_of(uint32_t fold)
{
	return fold >= 1 && fold <= 8 ? PROBE_TRAIN
	       : fold == 9	      ? PROBE_VALIDATION
	       : fold == 10	      ? PROBE_TEST
				      : -1;
}

static void part_add(struct part *p, uint64_t record, const struct label *l)
{
	if (p->n == p->room) {
		p->room = p->room ? 2 * p->room : 1024;
		p->record = die_realloc(p->record, p->room * sizeof *p->record);
		p->label = die_realloc(p->label, p->room * sizeof *p->label);
	}
	p->record[p->n] = record;
	p->label[p->n++] = *l;
}

static void read_labels(struct study *s)
{
	uint32_t known = (uint32_t)((UINT64_C(1) << s->n_classes) - 1);
	for (struct artifact_cursor *c = artifact_walk(s->embeddings, "label"); artifact_next(c);) {
		struct label l;
		if (c->value_bytes != LABEL_BYTES)
			die("embeddings %s: a label has %zu bytes, expected %d", artifact_id(s->embeddings),
			    c->value_bytes, LABEL_BYTES);
		label_decode(&l, c->value);
		uint32_t bits = l.classes & known;
		if (!bits)
			s->n_unlabelled++;
		else if (!s->is_multi && (bits & (bits - 1)))
			s->n_several++;
		else if (part_of(l.fold) >= 0)
			part_add(&s->part[part_of(l.fold)], artifact_record(c->key), &l);
	}
	s->data.n_classes = s->n_classes;
	s->data.is_multi = s->is_multi;
	for (int k = 0; k < PROBE_PARTS; k++) {
		struct part *p = &s->part[k];
		size_t n = (size_t)s->n_classes;
		p->truth = die_calloc(p->n * n + 1, 1);
		for (size_t i = 0; i < p->n * n; i++)
			p->truth[i] = p->label[i / n].classes >> i % n & 1;
		s->data.n[k] = p->n;
		s->data.truth[k] = p->truth;
	}
	if (!s->part[PROBE_TRAIN].n)
		die("embeddings %s: no record of folds 1-8 has %s; nothing to train a probe on",
		    artifact_id(s->embeddings), s->is_multi ? "a label" : "exactly one label");
}

/* Copies n floats of each record of the part into columns at.. of raw [n][width]. */
static void read_columns(const struct study *s, float *raw, const struct part *p, const char *table, size_t n,
			 size_t at, size_t width)
{
	for (size_t i = 0; i < p->n; i++) {
		struct artifact_value v = artifact_get_record(s->embeddings, table, p->record[i]);
		if (!v.bytes || v.n_bytes != n * sizeof *raw)
			die("embeddings %s: record %" PRIu64 " has %zu bytes in table %s, expected %zu",
			    artifact_id(s->embeddings), p->record[i], v.n_bytes, table, n * sizeof *raw);
		memcpy(raw + i * width + at, v.bytes, v.n_bytes);
	}
}

/* ---- fitting and judging ---- */

static void fit(struct study *s, int arm, struct progress *progress)
{
	const struct params *p = s->params;
	size_t n = arm == SCALE ? LEADS : (size_t)s->dim, extra = arm != SCALE && s->has_scale ? LEADS : 0;
	float *raw[PROBE_PARTS];
	for (int k = 0; k < PROBE_PARTS; k++) {
		raw[k] = die_malloc((s->part[k].n * (n + extra) + 1) * sizeof *raw[k]);
		read_columns(s, raw[k], &s->part[k], arms[arm].table, n, 0, n + extra);
		if (extra)
			read_columns(s, raw[k], &s->part[k], arms[SCALE].table, extra, n, n + extra);
	}
	probe_fit(&s->probe[arm], &s->data, (const float *const *)raw, (int)(n + extra),
		  &(struct probe_options){params_float(p, "c_min"), params_float(p, "c_max"),
					  (int)params_int(p, "c_steps"), params_bool(p, "class_offset"),
					  progress});
	for (int k = 0; k < PROBE_PARTS; k++)
		free(raw[k]);
}

static void fit_all(struct study *s)
{
	struct progress p;
	progress_start(&p, "probe", "fits",
		       (uint64_t)(ARMS - 1) * (uint64_t)params_int(s->params, "c_steps"));
	for (int a = 0; a < MAJORITY; a++)
		fit(s, a, &p);
	probe_majority(&s->probe[MAJORITY], &s->data);
	progress_end(&p);
}

/* The validation part is what C and tau were chosen on, so only the test part gets intervals. */
static void judge(struct study *s, int k)
{
	struct comparison_arm compared[ARMS];
	struct part *p = &s->part[k];
	uint64_t *patient = die_malloc((p->n + 1) * sizeof *patient);
	for (size_t i = 0; i < p->n; i++)
		patient[i] = p->label[i].patient;
	for (int a = 0; a < ARMS; a++)
		compared[a] =
			(struct comparison_arm){arms[a].key, s->probe[a].probability[k], s->probe[a].weight};
	int n_resamples = k == PROBE_TEST ? (int)params_int(s->params, "bootstrap") : 0;
	s->comparison[k] = (struct comparison){
		.n_arms = ARMS,
		.arm = compared,
		.data = {.n = p->n, .n_classes = s->n_classes, .is_multi = s->is_multi, .truth = p->truth},
		.bootstrap = {.seed = (uint64_t)params_int(s->params, "seed"),
			      .n_resamples = n_resamples,
			      .patient = patient}};
	comparison_run(&s->comparison[k]);
	free(patient);
}

static void note(struct study *s, json_t *text)
{
	json_array_append_new(s->notes, text);
}

static const char *class_name(const struct study *s, int c)
{
	return json_string_value(json_array_get(s->classes, (size_t)c));
}

/* Different patients among the records of the part that have class c; c < 0: among all of them. */
static size_t count_patients(const struct part *p, int c)
{
	uint32_t wanted = c < 0 ? ~UINT32_C(0) : UINT32_C(1) << c;
	size_t n = 0;
	for (size_t i = 0; i < p->n; i++) {
		size_t j = 0;
		while (j < i &&
		       (p->label[j].patient != p->label[i].patient || !(p->label[j].classes & wanted)))
			j++;
		n += p->label[i].classes & wanted && j == i;
	}
	return n;
}

/* What the reader of an interval must know. A class of few patients is in every resample by construction, so the
 * bootstrap cannot see how much it would vary. */
static void note_test_fold(struct study *s)
{
	const struct part *p = &s->part[PROBE_TEST];
	int rarest = -1;
	size_t fewest = 0;
	for (int c = 0; c < s->n_classes; c++) {
		size_t n = count_patients(p, c);
		if (p->n && !n)
			note(s, json_sprintf(
					"Fold 10 has no record of class %s: the macro averages leave it out.",
					class_name(s, c)));
		if (n && (rarest < 0 || n < fewest)) {
			rarest = c;
			fewest = n;
		}
	}
	if (rarest < 0)
		note(s, json_string("Fold 10 has no record that could be tested."));
	else if (p->n < SMALL_FOLD || fewest < SMALL_CLASS)
		note(s, json_sprintf("Fold 10 is small: %zu records of %zu patients, %zu of these with %s; "
				     "differences "
				     "smaller than the intervals are chance.",
				     p->n, count_patients(p, -1), fewest, class_name(s, rarest)));
	if (rarest >= 0 && fewest < FEW_PATIENTS)
		note(s, json_sprintf("Class %s has %zu patient%s in fold 10: the intervals are too narrow.",
				     class_name(s, rarest), fewest, fewest == 1 ? "" : "s"));
}

static void add_notes(struct study *s)
{
	if (!s->part[PROBE_VALIDATION].n)
		note(s, json_string("Fold 9 has no record: C was taken as the one nearest to 1, without an "
				    "offset."));
	for (int c = 0; c < s->n_classes; c++)
		if (!(s->probe[MAJORITY].prior[c] > 0))
			note(s, json_sprintf("Folds 1-8 have no record of class %s: it is never predicted.",
					     class_name(s, c)));
	note_test_fold(s);
	int n_undefined = s->comparison[PROBE_TEST].n_undefined;
	if (n_undefined && s->part[PROBE_TEST].n)
		note(s, json_sprintf("%d bootstrap resamples lack a class and were left out.", n_undefined));
}

/* ---- writing ---- */

static json_t *numbers(const double *x, int n)
{
	json_t *out = json_array();
	for (int i = 0; i < n; i++)
		json_array_append_new(out, scores_number(x[i]));
	return out;
}

static json_t *arm_json(const struct study *s, int a)
{
	const struct probe *p = &s->probe[a];
	const struct comparison *test = &s->comparison[PROBE_TEST];
	json_t *out = json_object();
	json_object_set_new(out, "name", json_string(arms[a].name));
	json_object_set_new(out, "c", a == MAJORITY ? json_null() : json_real(p->c));
	json_object_set_new(out, "tau", json_real(p->tau));
	json_object_set_new(out, "decision_weight", numbers(p->weight, s->n_classes));
	json_object_set_new(
		out, "validation",
		scores_metrics(&s->comparison[PROBE_VALIDATION].metrics[a], s->classes, s->is_multi));
	json_object_set_new(out, "test", scores_metrics(&test->metrics[a], s->classes, s->is_multi));
	json_object_set_new(out, "interval", scores_intervals(test, a, -1, s->classes));
	if (a != TRAINED)
		json_object_set_new(out, "difference", scores_intervals(test, TRAINED, a, s->classes));
	return out;
}

static void put_metrics(const struct study *s, struct artifact_writer *w)
{
	static const int ascending[ARMS] = {MAJORITY, RANDOM, SCALE, TRAINED};
	int table = artifact_table(w, "metrics");
	for (int k = 0; k < ARMS; k++) {
		size_t n;
		json_t *v = arm_json(s, ascending[k]);
		char *text = json_canonical(v, &n);
		artifact_put(w, table, arms[ascending[k]].key, strlen(arms[ascending[k]].key), text, n);
		free(text);
		json_decref(v);
	}
}

/* Probabilities of folds 9 and 10 by ascending record: the two parts are merged. */
static void put_records(const struct study *s, struct artifact_writer *w, int table, int arm)
{
	const struct part *v = &s->part[PROBE_VALIDATION], *t = &s->part[PROBE_TEST];
	for (size_t i = 0, j = 0; i < v->n || j < t->n;) {
		bool is_test = i == v->n || (j < t->n && t->record[j] < v->record[i]);
		const struct part *p = is_test ? t : v;
		size_t at = is_test ? j++ : i++, n = (size_t)s->n_classes;
		const float *q =
			arm < 0 ? NULL : s->probe[arm].probability[is_test ? PROBE_TEST : PROBE_VALIDATION];
		struct artifact_key key = artifact_key(p->record[at]);
		uint8_t bytes[LABEL_BYTES];
		label_encode(bytes, &p->label[at]);
		if (arm < 0)
			artifact_put(w, table, key.bytes, 8, bytes, sizeof bytes);
		else
			artifact_put_floats(w, table, key.bytes, 8, q + at * n, n);
	}
}

static void put_doubles(struct artifact_writer *w, int table, const char *key, const double *x, size_t n)
{
	float *rounded = die_malloc((n + 1) * sizeof *rounded);
	for (size_t i = 0; i < n; i++)
		rounded[i] = (float)x[i];
	artifact_put_floats(w, table, key, strlen(key), rounded, n);
	free(rounded);
}

/* What a fine-tuning head starts from: logits = weight ((x - mean) / scale) + bias, 0 where scale is 0. */
static void put_weights(const struct study *s, struct artifact_writer *w)
{
	const struct probe *p = &s->probe[TRAINED];
	size_t d = (size_t)p->d, n = (size_t)s->n_classes;
	int table = artifact_table(w, "weight");
	put_doubles(w, table, "bias", p->bias, n);
	put_doubles(w, table, "mean", p->scaler.mean, d);
	put_doubles(w, table, "scale", p->scaler.scale, d);
	put_doubles(w, table, "weight", p->coefficient, n * d);
}

static void put_attributes(const struct study *s, struct artifact_writer *w)
{
	static const char *const carried[] = {"dataset", "strategy"};
	for (size_t i = 0; i < sizeof carried / sizeof *carried; i++) {
		const json_t *value = artifact_get_attribute(s->embeddings, carried[i]);
		if (value)
			artifact_attribute(w, carried[i], json_deep_copy(value));
	}
	json_t *order = json_array();
	for (int a = 0; a < ARMS; a++)
		json_array_append_new(order, json_string(arms[a].key));
	artifact_attribute(w, "arms", order);
	artifact_attribute(w, "classes", json_incref(s->classes));
	artifact_attribute(w, "labels", json_string(s->is_multi ? "multi" : "single"));
	artifact_attribute(w, "features", json_string(params_text(s->params, "features")));
	artifact_attribute(w, "notes", json_incref(s->notes));
	artifact_attribute(w, "decision_weight", numbers(s->probe[TRAINED].weight, s->n_classes));
	artifact_attribute(
		w, "records",
		json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "train", (json_int_t)s->data.n[PROBE_TRAIN],
			  "validation", (json_int_t)s->data.n[PROBE_VALIDATION], "test",
			  (json_int_t)s->data.n[PROBE_TEST], "test_patients",
			  (json_int_t)count_patients(&s->part[PROBE_TEST], -1), "unlabelled",
			  (json_int_t)s->n_unlabelled, "several_classes", (json_int_t)s->n_several));
}

static void write_scores(const struct study *s, struct stage_run *r)
{
	struct artifact_writer *w = r->output = artifact_create("scores", 1);
	put_attributes(s, w);
	put_metrics(s, w);
	put_weights(s, w);
	put_records(s, w, artifact_table(w, "label"), -1);
	put_records(s, w, artifact_table(w, "probability"), TRAINED);
	put_records(s, w, artifact_table(w, "probability_random"), RANDOM);
	put_records(s, w, artifact_table(w, "probability_scale"), SCALE);
}

static void study_release(struct study *s)
{
	for (int a = 0; a < ARMS; a++)
		probe_release(&s->probe[a]);
	for (int k = 0; k < PROBE_PARTS; k++) {
		if (k != PROBE_TRAIN)
			comparison_release(&s->comparison[k]);
		free(s->part[k].record);
		free(s->part[k].label);
		free(s->part[k].truth);
	}
	json_decref(s->classes);
	json_decref(s->notes);
}

static void run(struct stage_run *r)
{
	struct study s = {0};
	read_header(&s, r);
	read_labels(&s);
	fit_all(&s);
	judge(&s, PROBE_VALIDATION);
	judge(&s, PROBE_TEST);
	add_notes(&s);
	write_scores(&s, r);
	study_release(&s);
}

/* ---- showing ---- */

static json_t *read_arm(struct artifact *scores, const char *key)
{
	struct error e = {0};
	struct artifact_value v = artifact_get(scores, "metrics", key, strlen(key));
	json_t *arm = v.bytes ? json_read(v.bytes, v.n_bytes, "metrics", &e) : NULL;
	if (!arm)
		die("scores %s: metrics of %s: %s", artifact_id(scores), key,
		    v.bytes ? error_text(&e) : "absent");
	return arm;
}

static void show_header(struct artifact *scores, const json_t *shown)
{
	const json_t *n = artifact_get_attribute(scores, "records"), *arm;
	size_t i;
	printf("Linear probe on frozen encoders, per record, %s (%s)\n",
	       !strcmp(artifact_text(scores, "labels"), "multi") ? "any number of classes" : "one class each",
	       artifact_text(scores, "features"));
	printf("folds 1-8 train: %lld records   fold 9 chooses: %lld   fold 10 tests: %lld of %lld "
	       "patients\n",
	       json_integer_value(json_object_get(n, "train")),
	       json_integer_value(json_object_get(n, "validation")),
	       json_integer_value(json_object_get(n, "test")),
	       json_integer_value(json_object_get(n, "test_patients")));
	printf("chosen");
	json_array_foreach(shown, i, arm) if (json_is_number(json_object_get(arm, "c"))) printf(
		"%s %s: C %.2g, tau %g", i ? ";" : "", json_string_value(json_object_get(arm, "name")),
		json_number_value(json_object_get(arm, "c")), json_number_value(json_object_get(arm, "tau")));
	printf("\n\n");
}

static void show(struct artifact *scores)
{
	json_t *shown = json_array();
	const json_t *keys = artifact_get_attribute(scores, "arms"),
		     *notes = artifact_get_attribute(scores, "notes");
	const json_t *text;
	size_t i;
	json_array_foreach(keys, i, text)
		json_array_append_new(shown, read_arm(scores, json_string_value(text)));
	show_header(scores, shown);
	scoretable_print(stdout, artifact_get_attribute(scores, "classes"), shown);
	if (json_array_size(notes))
		putchar('\n');
	json_array_foreach(notes, i, text) puts(json_string_value(text));
	json_decref(shown);
}

static const struct param params[] = {
	{"labels", PARAM_CHOICE, .choices = "single multi", .otherwise = "single",
	 .help = "single: records of exactly one class, multinomial; multi: any number, one-vs-rest"},
	{"features", PARAM_CHOICE, .choices = "embedding embedding+scale", .otherwise = "embedding+scale",
	 .help = "what encoders' probes see: the embedding, or it and the 12 log-std of the leads"},
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
				   .show = show};

int main(int argc, char **argv)
{
	return stage_main(&stage, argc, argv);
}
