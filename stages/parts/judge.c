#include "stages/parts/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "model/scores.h"
#include "model/scoretable.h"

enum { MAX_CLASSES = 32, MAX_ARMS = 8, SMALL_FOLD = 300, SMALL_CLASS = 30, FEW_PATIENTS = 5 };

/* ---- reading ---- */

/* Folds 1-8 train, 9 validates, 10 tests; -1: none of them. */
static int part_of(uint32_t fold)
{
	return fold >= 1 && fold <= 8 ? PROBE_TRAIN
	       : fold == 9	      ? PROBE_VALIDATION
	       : fold == 10	      ? PROBE_TEST
				      : -1;
}

static void part_add(struct judge_part *p, uint64_t record, const struct label *l)
{
	if (p->n == p->room) {
		p->room = p->room ? 2 * p->room : 1024;
		p->record = die_realloc(p->record, p->room * sizeof *p->record);
		p->label = die_realloc(p->label, p->room * sizeof *p->label);
	}
	p->record[p->n] = record;
	p->label[p->n++] = *l;
}

static void read_labels(struct judge *j)
{
	uint32_t known = (uint32_t)((UINT64_C(1) << j->n_classes) - 1);
	for (struct artifact_cursor *c = artifact_walk(j->source, "label"); artifact_next(c);) {
		struct label l;
		if (c->value_bytes != LABEL_BYTES)
			die("%s %s: a label has %zu bytes, expected %d", artifact_kind(j->source),
			    artifact_id(j->source), c->value_bytes, LABEL_BYTES);
		label_decode(&l, c->value);
		uint32_t bits = l.classes & known;
		if (!bits)
			j->n_unlabelled++;
		else if (!j->is_multi && (bits & (bits - 1)))
			j->n_several++;
		else if (part_of(l.fold) >= 0)
			part_add(&j->part[part_of(l.fold)], artifact_record(c->key), &l);
	}
}

static void set_truth(struct judge_part *p, size_t n_classes)
{
	free(p->truth);
	p->truth = die_calloc(p->n * n_classes + 1, 1);
	for (size_t i = 0; i < p->n * n_classes; i++)
		p->truth[i] = p->label[i / n_classes].classes >> i % n_classes & 1;
}

void judge_open(struct judge *j, const struct artifact *source, bool is_multi)
{
	*j = (struct judge){.source = source, .is_multi = is_multi};
	j->classes = json_deep_copy(artifact_get_attribute(source, "classes"));
	j->n_classes = (int)json_array_size(j->classes);
	j->notes = json_array();
	if (j->n_classes < 2 || j->n_classes > MAX_CLASSES)
		die("%s %s: %d classes; a classifier needs 2 to %d", artifact_kind(source),
		    artifact_id(source), j->n_classes, MAX_CLASSES);
	read_labels(j);
	for (int k = 0; k < PROBE_PARTS; k++)
		set_truth(&j->part[k], (size_t)j->n_classes);
	if (!j->part[PROBE_TRAIN].n)
		die("%s %s: no record of folds 1-8 has %s; nothing to train on", artifact_kind(source),
		    artifact_id(source), is_multi ? "a label" : "exactly one label");
}

void judge_keep(struct judge *j, const uint8_t *chosen)
{
	struct judge_part *p = &j->part[PROBE_TRAIN];
	size_t n = 0;
	for (size_t i = 0; i < p->n; i++)
		if (chosen[i]) {
			p->record[n] = p->record[i];
			p->label[n++] = p->label[i];
		}
	p->n = n;
	set_truth(p, (size_t)j->n_classes);
}

struct probe_data judge_data(const struct judge *j)
{
	struct probe_data d = {.n_classes = j->n_classes, .is_multi = j->is_multi};
	for (int k = 0; k < PROBE_PARTS; k++) {
		d.n[k] = j->part[k].n;
		d.truth[k] = j->part[k].truth;
	}
	return d;
}

const char *judge_class(const struct judge *j, int c)
{
	return json_string_value(json_array_get(j->classes, (size_t)c));
}

/* ---- judging ---- */

/* The validation part is what was chosen on, so only the test part gets intervals. */
static void judge_part(struct judge *j, int k, uint64_t seed, int n_resamples)
{
	struct comparison_arm compared[MAX_ARMS];
	struct judge_part *p = &j->part[k];
	uint64_t *patient = die_malloc((p->n + 1) * sizeof *patient);
	for (size_t i = 0; i < p->n; i++)
		patient[i] = p->label[i].patient;
	for (int a = 0; a < j->n_arms; a++)
		compared[a] =
			(struct comparison_arm){j->arm[a].key, j->arm[a].probability[k], j->arm[a].weight};
	j->comparison[k] = (struct comparison){
		.n_arms = j->n_arms,
		.arm = compared,
		.data = {.n = p->n, .n_classes = j->n_classes, .is_multi = j->is_multi, .truth = p->truth},
		.bootstrap = {.seed = seed, .n_resamples = n_resamples, .patient = patient}};
	comparison_run(&j->comparison[k]);
	free(patient);
}

void judge_run(struct judge *j, const struct judge_arm *arm, int n_arms, uint64_t seed, int n_resamples)
{
	if (n_arms > MAX_ARMS)
		BUG("more arms than a table holds");
	j->arm = arm;
	j->n_arms = n_arms;
	judge_part(j, PROBE_VALIDATION, seed, 0);
	judge_part(j, PROBE_TEST, seed, n_resamples);
}

void judge_note(struct judge *j, json_t *text)
{
	json_array_append_new(j->notes, text);
}

/* Different patients among the records of the part that have class c; c < 0: among all of them. */
static size_t count_patients(const struct judge_part *p, int c)
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
static void note_test_fold(struct judge *j)
{
	const struct judge_part *p = &j->part[PROBE_TEST];
	int rarest = -1;
	size_t fewest = 0;
	for (int c = 0; c < j->n_classes; c++) {
		size_t n = count_patients(p, c);
		if (p->n && !n)
			judge_note(
				j,
				json_sprintf("Fold 10 has no record of class %s: the macro averages leave it "
					     "out.",
					     judge_class(j, c)));
		if (n && (rarest < 0 || n < fewest)) {
			rarest = c;
			fewest = n;
		}
	}
	if (rarest < 0)
		judge_note(j, json_string("Fold 10 has no record that could be tested."));
	else if (p->n < SMALL_FOLD || fewest < SMALL_CLASS)
		judge_note(j, json_sprintf("Fold 10 is small: %zu records of %zu patients, %zu of these with "
					   "%s; differences smaller than the intervals are chance.",
					   p->n, count_patients(p, -1), fewest, judge_class(j, rarest)));
	if (rarest >= 0 && fewest < FEW_PATIENTS)
		judge_note(j, json_sprintf(
				      "Class %s has %zu patient%s in fold 10: the intervals are too narrow.",
				      judge_class(j, rarest), fewest, fewest == 1 ? "" : "s"));
}

void judge_notes(struct judge *j, const double *prior)
{
	for (int c = 0; c < j->n_classes; c++)
		if (!(prior[c] > 0))
			judge_note(j, json_sprintf(
					      "Folds 1-8 have no record of class %s: it is never predicted.",
					      judge_class(j, c)));
	note_test_fold(j);
	int n_undefined = j->comparison[PROBE_TEST].n_undefined;
	if (n_undefined && j->part[PROBE_TEST].n)
		judge_note(j, json_sprintf("%d bootstrap resamples lack a class and were left out.",
					   n_undefined));
}

/* ---- writing ---- */

static json_t *numbers(const double *x, int n)
{
	json_t *out = json_array();
	for (int i = 0; i < n; i++)
		json_array_append_new(out, scores_number(x[i]));
	return out;
}

static json_t *arm_json(const struct judge *j, int a)
{
	const struct judge_arm *arm = &j->arm[a];
	const struct comparison *test = &j->comparison[PROBE_TEST];
	json_t *out = json_object();
	json_object_set_new(out, "name", json_string(arm->name));
	json_object_set_new(out, "c", scores_number(arm->c));
	json_object_set_new(out, "tau", json_real(arm->tau));
	json_object_set_new(out, "decision_weight", numbers(arm->weight, j->n_classes));
	json_object_set_new(
		out, "validation",
		scores_metrics(&j->comparison[PROBE_VALIDATION].metrics[a], j->classes, j->is_multi));
	json_object_set_new(out, "test", scores_metrics(&test->metrics[a], j->classes, j->is_multi));
	json_object_set_new(out, "interval", scores_intervals(test, a, -1, j->classes));
	if (a)
		json_object_set_new(out, "difference", scores_intervals(test, 0, a, j->classes));
	return out;
}

static void put_arm(const struct judge *j, struct artifact_writer *w, int table, int a)
{
	size_t n;
	json_t *v = arm_json(j, a);
	char *text = json_canonical(v, &n);
	artifact_put(w, table, j->arm[a].key, strlen(j->arm[a].key), text, n);
	free(text);
	json_decref(v);
}

/* Keys ascend: each time the least of those above the last. */
static void put_metrics(const struct judge *j, struct artifact_writer *w)
{
	int table = artifact_table(w, "metrics");
	const char *last = "";
	for (int k = 0; k < j->n_arms; k++) {
		int next = -1;
		for (int a = 0; a < j->n_arms; a++)
			if (strcmp(j->arm[a].key, last) > 0 &&
			    (next < 0 || strcmp(j->arm[a].key, j->arm[next].key) < 0))
				next = a;
		put_arm(j, w, table, next);
		last = j->arm[next].key;
	}
}

/* Of folds 9 and 10 by ascending record (the two parts are merged): labels, or an arm's probabilities. */
static void put_records(const struct judge *j, struct artifact_writer *w, const char *name,
			const struct judge_arm *arm)
{
	const struct judge_part *v = &j->part[PROBE_VALIDATION], *t = &j->part[PROBE_TEST];
	int table = artifact_table(w, name);
	for (size_t i = 0, k = 0; i < v->n || k < t->n;) {
		bool is_test = i == v->n || (k < t->n && t->record[k] < v->record[i]);
		const struct judge_part *p = is_test ? t : v;
		size_t at = is_test ? k++ : i++, n = (size_t)j->n_classes;
		struct artifact_key key = artifact_key(p->record[at]);
		uint8_t bytes[LABEL_BYTES];
		label_encode(bytes, &p->label[at]);
		if (!arm)
			artifact_put(w, table, key.bytes, 8, bytes, sizeof bytes);
		else
			artifact_put_floats(
				w, table, key.bytes, 8,
				arm->probability[is_test ? PROBE_TEST : PROBE_VALIDATION] + at * n, n);
	}
}

static void put_attributes(const struct judge *j, struct artifact_writer *w)
{
	json_t *order = json_array();
	for (int a = 0; a < j->n_arms; a++)
		json_array_append_new(order, json_string(j->arm[a].key));
	artifact_attribute(w, "arms", order);
	artifact_attribute(w, "classes", json_incref(j->classes));
	artifact_attribute(w, "labels", json_string(j->is_multi ? "multi" : "single"));
	artifact_attribute(w, "notes", json_incref(j->notes));
	artifact_attribute(w, "decision_weight", numbers(j->arm[0].weight, j->n_classes));
	artifact_attribute(
		w, "records",
		json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "train", (json_int_t)j->part[PROBE_TRAIN].n,
			  "validation", (json_int_t)j->part[PROBE_VALIDATION].n, "test",
			  (json_int_t)j->part[PROBE_TEST].n, "test_patients",
			  (json_int_t)count_patients(&j->part[PROBE_TEST], -1), "unlabelled",
			  (json_int_t)j->n_unlabelled, "several_classes", (json_int_t)j->n_several));
}

void judge_write(const struct judge *j, struct artifact_writer *w)
{
	put_attributes(j, w);
	put_metrics(j, w);
	put_records(j, w, "label", NULL);
	for (int a = 0; a < j->n_arms; a++)
		if (j->arm[a].table)
			put_records(j, w, j->arm[a].table, &j->arm[a]);
}

void judge_put_doubles(struct artifact_writer *w, int table, const char *key, const double *x, size_t n)
{
	float *rounded = die_malloc((n + 1) * sizeof *rounded);
	for (size_t i = 0; i < n; i++)
		rounded[i] = (float)x[i];
	artifact_put_floats(w, table, key, strlen(key), rounded, n);
	free(rounded);
}

void judge_close(struct judge *j)
{
	for (int k = 0; k < PROBE_PARTS; k++) {
		if (k != PROBE_TRAIN && j->n_arms)
			comparison_release(&j->comparison[k]);
		free(j->part[k].record);
		free(j->part[k].label);
		free(j->part[k].truth);
	}
	json_decref(j->classes);
	json_decref(j->notes);
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

json_t *judge_read_arms(struct artifact *scores)
{
	json_t *arms = json_array();
	const json_t *keys = artifact_get_attribute(scores, "arms"), *key;
	size_t i;
	json_array_foreach(keys, i, key)
		json_array_append_new(arms, read_arm(scores, json_string_value(key)));
	return arms;
}

void judge_print_parts(struct artifact *scores)
{
	const json_t *n = artifact_get_attribute(scores, "records");
	printf("folds 1-8 train: %lld records   fold 9 chooses: %lld   fold 10 tests: %lld of %lld "
	       "patients\n",
	       json_integer_value(json_object_get(n, "train")),
	       json_integer_value(json_object_get(n, "validation")),
	       json_integer_value(json_object_get(n, "test")),
	       json_integer_value(json_object_get(n, "test_patients")));
}

void judge_print(struct artifact *scores, const json_t *arms)
{
	const json_t *notes = artifact_get_attribute(scores, "notes"), *text;
	size_t i;
	scoretable_print(stdout, artifact_get_attribute(scores, "classes"), arms);
	if (json_array_size(notes))
		putchar('\n');
	json_array_foreach(notes, i, text) puts(json_string_value(text));
}
