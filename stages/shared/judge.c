#include "stages/shared/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "ecg/fold.h"
#include "statistics/distinct.h"
#include "statistics/scores.h"
#include "statistics/scoretable.h"

enum { MAX_ROWS = 8 };

/* ---- reading ---- */

/* -1: none. */
static int part_of(uint32_t fold)
{
	return fold_trains(fold)	 ? PROBE_TRAIN
	       : fold == FOLD_VALIDATION ? PROBE_VALIDATION
	       : fold == FOLD_TEST	 ? PROBE_TEST
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

static void part_release(struct judge_part *p)
{
	free(p->record);
	free(p->label);
	free(p->truth);
}

static int count_classes(const struct task *t, const struct label *l)
{
	int n = 0;
	for (int c = 0; c < task_count(t); c++)
		n += task_has(t, l, c);
	return n;
}

static void read_labels(struct judge *j)
{
	for (struct artifact_cursor *c = artifact_walk(j->source, "label"); artifact_next(c);) {
		struct label l;
		if (c->value_bytes != LABEL_BYTES)
			die("%s %s: a label has %zu bytes, expected %d", artifact_kind(j->source),
			    artifact_id(j->source), c->value_bytes, LABEL_BYTES);
		label_decode(&l, c->value);
		int n = count_classes(j->task, &l);
		if (!n)
			j->n_unlabelled++;
		else if (!j->is_multi && n > 1)
			j->n_several++;
		else if (part_of(l.fold) >= 0)
			part_add(&j->part[part_of(l.fold)], artifact_record(c->key), &l);
	}
}

static bool is_learnable(const struct judge *j, int c)
{
	const struct judge_part *p = &j->part[PROBE_TRAIN];
	size_t i = 0;
	while (i < p->n && !task_has(j->task, &p->label[i], c))
		i++;
	return i < p->n;
}

/* The five superclasses are always there; of up to 71 statements only those that training can know. */
static void list_classes(struct judge *j)
{
	int n = task_count(j->task);
	bool is_fixed = !strcmp(j->task_name, "superclass");
	j->classes = json_array();
	j->unlisted = json_array();
	j->task_class = die_calloc((size_t)n + 1, sizeof *j->task_class);
	for (int c = 0; c < n; c++) {
		bool is_listed = is_fixed || is_learnable(j, c);
		json_array_append_new(is_listed ? j->classes : j->unlisted,
				      json_string(task_name(j->task, c)));
		if (is_listed)
			j->task_class[j->n_classes++] = c;
	}
}

static void set_truth(struct judge_part *p, const struct judge *j)
{
	size_t n = (size_t)j->n_classes;
	free(p->truth);
	p->truth = die_calloc(p->n * n + 1, 1);
	for (size_t i = 0; i < p->n * n; i++)
		p->truth[i] = task_has(j->task, &p->label[i / n], j->task_class[i % n]);
}

/* What the figures do not count: a test is easier without the records that could not be used. */
static void note_excluded(struct judge *j)
{
	const json_t *by_fold = artifact_get_attribute(j->source, "excluded_by_fold");
	json_int_t part[PROBE_PARTS] = {0};
	for (size_t f = 0; f < json_array_size(by_fold); f++) {
		int at = fold_trains((uint32_t)f + 1) ? PROBE_TRAIN
			 : f + 1 == FOLD_VALIDATION   ? PROBE_VALIDATION
						      : PROBE_TEST;
		part[at] += json_integer_value(json_array_get(by_fold, f));
	}
	if (part[PROBE_TRAIN] || part[PROBE_VALIDATION] || part[PROBE_TEST])
		json_array_append_new(
			j->notes,
			json_sprintf("Left out by fetch and preprocess, and in no figure: %lld records "
				     "of folds 1-8, %lld of fold 9, %lld of fold 10.",
				     (long long)part[PROBE_TRAIN], (long long)part[PROBE_VALIDATION],
				     (long long)part[PROBE_TEST]));
}

void judge_open(struct judge *j, const struct artifact *source, const char *task, bool is_multi)
{
	struct error e = {0};
	*j = (struct judge){.source = source, .task_name = task, .notes = json_array()};
	j->is_multi = is_multi || strcmp(task, "superclass") != 0;
	j->task = task_open(task, artifact_get_attribute(source, "classes"),
			    artifact_get_attribute(source, "statements"), &e);
	if (!j->task)
		die("%s %s: %s", artifact_kind(source), artifact_id(source), error_text(&e));
	read_labels(j);
	if (!j->part[PROBE_TRAIN].n)
		die("%s %s: no record of folds 1-8 has %s; nothing to train on", artifact_kind(source),
		    artifact_id(source), j->is_multi ? "a label" : "exactly one label");
	list_classes(j);
	if (j->n_classes < 2)
		die("%s %s: folds 1-8 have records of %d class; a classifier needs 2", artifact_kind(source),
		    artifact_id(source), j->n_classes);
	for (int k = 0; k < PROBE_PARTS; k++) {
		set_truth(&j->part[k], j);
		j->n_of_folds[k] = j->part[k].n;
	}
	note_excluded(j);
}

void judge_keep(struct judge *j, int part, const uint8_t *chosen)
{
	struct judge_part *p = &j->part[part];
	size_t n = 0;
	for (size_t i = 0; i < p->n; i++)
		if (chosen[i]) {
			p->record[n] = p->record[i];
			p->label[n++] = p->label[i];
		}
	p->n = j->n_of_folds[part] = n;
	set_truth(p, j);
}

/* The part whose next record is the least; PROBE_PARTS: none is left. */
static int next_part(const struct judge *j, const size_t next[PROBE_PARTS])
{
	int least = PROBE_PARTS;
	for (int k = 0; k < PROBE_PARTS; k++)
		if (next[k] < j->part[k].n &&
		    (least == PROBE_PARTS || j->part[k].record[next[k]] < j->part[least].record[next[least]]))
			least = k;
	return least;
}

void judge_pool(struct judge *j)
{
	struct judge_part all = {0};
	size_t next[PROBE_PARTS] = {0};
	for (int k; (k = next_part(j, next)) < PROBE_PARTS; next[k]++)
		part_add(&all, j->part[k].record[next[k]], &j->part[k].label[next[k]]);
	for (int k = 0; k < PROBE_PARTS; k++) {
		part_release(&j->part[k]);
		j->part[k] = k == PROBE_TEST ? all : (struct judge_part){0};
		set_truth(&j->part[k], j);
	}
	j->is_pooled = true;
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
	struct comparison_row compared[MAX_ROWS];
	struct judge_part *p = &j->part[k];
	uint64_t *patient = die_malloc((p->n + 1) * sizeof *patient);

	for (size_t i = 0; i < p->n; i++)
		patient[i] = p->label[i].patient;
	for (int a = 0; a < j->n_rows; a++) {
		const struct judge_row *row = &j->row[a];
		bool has_own = k == PROBE_TEST && row->own_weight;
		compared[a] = (struct comparison_row){row->key, row->probability[k],
						      has_own ? row->own_weight : row->weight,
						      .weight_stride = has_own ? (size_t)j->n_classes : 0};
	}
	j->comparison[k] = (struct comparison){
		.n_rows = j->n_rows,
		.row = compared,
		.data = {.n = p->n, .n_classes = j->n_classes, .is_multi = j->is_multi, .truth = p->truth},
		.bootstrap = {.seed = seed, .n_resamples = n_resamples, .patient = patient},
		.is_partial = strcmp(j->task_name, "superclass") != 0};
	comparison_run(&j->comparison[k]);
	free(patient);
}

void judge_run(struct judge *j, const struct judge_row *row, int n_rows, uint64_t seed, int n_resamples)
{
	if (n_rows > MAX_ROWS)
		BUG("more rows than a table holds");
	j->row = row;
	j->n_rows = n_rows;
	judge_part(j, PROBE_VALIDATION, seed, 0);
	judge_part(j, PROBE_TEST, seed, n_resamples);
}

void judge_note(struct judge *j, json_t *text)
{
	json_array_append_new(j->notes, text);
}

size_t judge_patients(const struct judge *j, const struct judge_part *p, int c)
{
	uint64_t *patient = die_malloc((p->n + 1) * sizeof *patient);
	size_t n = 0;
	for (size_t i = 0; i < p->n; i++)
		if (c < 0 || p->truth[i * (size_t)j->n_classes + (size_t)c])
			patient[n++] = p->label[i].patient;
	size_t n_distinct = distinct_sort(patient, n);
	free(patient);
	return n_distinct;
}

/* ---- writing ---- */

static json_t *numbers(const double *x, int n)
{
	json_t *out = json_array();
	for (int i = 0; i < n; i++)
		json_array_append_new(out, scores_number(x[i]));
	return out;
}

/* For the published probabilities of fold 10, which a cross-validation carried over
 * (stages/probe/fitting.h). */
static json_t *published_weight(const struct judge *j, const struct judge_row *row)
{
	size_t n = json_array_size(row->rotations);
	return n ? json_deep_copy(json_object_get(json_array_get(row->rotations, n - 1), "decision_weight"))
		 : numbers(row->weight, j->n_classes);
}

static json_t *row_json(const struct judge *j, int a)
{
	const struct judge_row *row = &j->row[a];
	const struct comparison *test = &j->comparison[PROBE_TEST];
	json_t *out = json_object();

	json_object_set_new(out, "name", json_string(row->name));
	json_object_set_new(out, "c", scores_number(row->c));
	json_object_set_new(out, "tau", json_real(row->tau));
	json_object_set_new(out, "decision_weight", published_weight(j, row));
	json_object_set_new(
		out, "validation",
		scores_metrics(&j->comparison[PROBE_VALIDATION].metrics[a], j->classes, j->is_multi));
	json_object_set_new(out, "test", scores_metrics(&test->metrics[a], j->classes, j->is_multi));
	json_object_set_new(out, "interval", scores_intervals(test, a, -1, j->classes));
	if (row->rotations)
		json_object_set_new(out, "rotations", json_deep_copy(row->rotations));
	if (a)
		json_object_set_new(out, "difference", scores_intervals(test, 0, a, j->classes));

	return out;
}

static void put_row(const struct judge *j, struct artifact_writer *w, int table, int a)
{
	size_t n;
	json_t *v = row_json(j, a);
	char *text = json_canonical(v, &n);
	artifact_put(w, table, j->row[a].key, strlen(j->row[a].key), text, n);
	free(text);
	json_decref(v);
}

/* Keys ascend: each time the least of those above the last. */
static void put_metrics(const struct judge *j, struct artifact_writer *w)
{
	int table = artifact_table(w, "metrics");
	const char *last = "";
	for (int k = 0; k < j->n_rows; k++) {
		int next = -1;
		for (int a = 0; a < j->n_rows; a++)
			if (strcmp(j->row[a].key, last) > 0 &&
			    (next < 0 || strcmp(j->row[a].key, j->row[next].key) < 0))
				next = a;
		put_row(j, w, table, next);
		last = j->row[next].key;
	}
}

enum column { LABEL, ORIGIN, TRUTH, PROBABILITY };

static void put_origin(const struct judge *j, struct artifact_writer *w, int table, uint64_t record)
{
	if (!artifact_has_table(j->source, "origin"))
		return;
	struct artifact_value v = artifact_get_record(j->source, "origin", record);
	if (v.bytes)
		artifact_put(w, table, artifact_key(record).bytes, 8, v.bytes, v.n_bytes);
}

/* Of folds 9 and 10 by ascending record (the two parts are merged): labels, ids, classes, or an
 * arm's probabilities. */
static void put_records(const struct judge *j, struct artifact_writer *w, const char *name,
			enum column column, const struct judge_row *row)
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
		if (column == LABEL)
			artifact_put(w, table, key.bytes, 8, bytes, sizeof bytes);
		else if (column == ORIGIN)
			put_origin(j, w, table, p->record[at]);
		else if (column == TRUTH)
			artifact_put(w, table, key.bytes, 8, p->truth + at * n, n);
		else
			artifact_put_floats(
				w, table, key.bytes, 8,
				row->probability[is_test ? PROBE_TEST : PROBE_VALIDATION] + at * n, n);
	}
}

static void put_attributes(const struct judge *j, struct artifact_writer *w)
{
	json_t *order = json_array();
	for (int a = 0; a < j->n_rows; a++)
		json_array_append_new(order, json_string(j->row[a].key));
	artifact_attribute(w, "arms", order);
	artifact_attribute(w, "classes", json_incref(j->classes));
	artifact_attribute(w, "unlisted", json_incref(j->unlisted));
	artifact_attribute(w, "task", json_string(j->task_name));
	artifact_attribute(w, "labels", json_string(j->is_multi ? "multi" : "single"));
	artifact_attribute(w, "evaluation", json_string(j->is_pooled ? "cross" : "folds"));
	artifact_attribute(w, "notes", json_incref(j->notes));
	artifact_attribute(w, "decision_weight", numbers(j->row[0].weight, j->n_classes));
	artifact_attribute(
		w, "records",
		json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "train", (json_int_t)j->n_of_folds[PROBE_TRAIN],
			  "validation", (json_int_t)j->n_of_folds[PROBE_VALIDATION], "test",
			  (json_int_t)j->part[PROBE_TEST].n, "test_patients",
			  (json_int_t)judge_patients(j, &j->part[PROBE_TEST], -1), "unlabelled",
			  (json_int_t)j->n_unlabelled, "several_classes", (json_int_t)j->n_several));
}

void judge_write(const struct judge *j, struct artifact_writer *w)
{
	put_attributes(j, w);
	put_metrics(j, w);
	put_records(j, w, "label", LABEL, NULL);
	put_records(j, w, "origin", ORIGIN, NULL);
	put_records(j, w, "truth", TRUTH, NULL);
	for (int a = 0; a < j->n_rows; a++)
		if (j->row[a].table)
			put_records(j, w, j->row[a].table, PROBABILITY, &j->row[a]);
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
		if (k != PROBE_TRAIN && j->n_rows)
			comparison_release(&j->comparison[k]);
		part_release(&j->part[k]);
	}
	task_close(j->task);
	free(j->task_class);
	json_decref(j->classes);
	json_decref(j->unlisted);
	json_decref(j->notes);
}

/* ---- showing ---- */

static json_t *read_row(struct artifact *scores, const char *key)
{
	struct error e = {0};
	struct artifact_value v = artifact_get(scores, "metrics", key, strlen(key));
	json_t *row = v.bytes ? json_read(v.bytes, v.n_bytes, "metrics", &e) : NULL;
	if (!row)
		die("scores %s: metrics of %s: %s", artifact_id(scores), key,
		    v.bytes ? error_text(&e) : "absent");
	return row;
}

json_t *judge_read_rows(struct artifact *scores)
{
	json_t *arms = json_array();
	const json_t *keys = artifact_get_attribute(scores, "arms"), *key;
	size_t i;
	json_array_foreach (keys, i, key)
		json_array_append_new(arms, read_row(scores, json_string_value(key)));
	return arms;
}

/* What the task cannot use, if anything. */
static void print_unused(const json_t *records, bool is_multi)
{
	json_int_t unlabelled = json_integer_value(json_object_get(records, "unlabelled")),
		   several = json_integer_value(json_object_get(records, "several_classes"));
	if (unlabelled && several)
		printf("not used: %lld records without a class, %lld with several (labels: multi takes "
		       "them)\n",
		       unlabelled, several);
	else if (unlabelled)
		printf("not used: %lld records without a class%s\n", unlabelled,
		       is_multi ? " of this task" : "");
	else if (several)
		printf("not used: %lld records with several classes (labels: multi takes them)\n", several);
}

static void print_folds(const json_t *n, bool is_cross)
{
	if (is_cross)
		printf("cross-validation, each fold tested in turn: %lld records of %lld patients; the fold "
		       "before it chooses, the others train\n",
		       json_integer_value(json_object_get(n, "test")),
		       json_integer_value(json_object_get(n, "test_patients")));
	else
		printf("folds 1-8 train: %lld records   fold 9 chooses: %lld   fold 10 tests: %lld of %lld "
		       "patients\n",
		       json_integer_value(json_object_get(n, "train")),
		       json_integer_value(json_object_get(n, "validation")),
		       json_integer_value(json_object_get(n, "test")),
		       json_integer_value(json_object_get(n, "test_patients")));
}

void judge_print_parts(struct artifact *scores)
{
	const json_t *n = artifact_get_attribute(scores, "records");
	print_folds(n, !strcmp(artifact_text(scores, "evaluation"), "cross"));
	print_unused(n, !strcmp(artifact_text(scores, "labels"), "multi"));
}

void judge_print(struct artifact *scores, const json_t *arms)
{
	const json_t *notes = artifact_get_attribute(scores, "notes"), *text;
	size_t i;
	scoretable_print(stdout, artifact_get_attribute(scores, "classes"), arms);
	if (json_array_size(notes))
		putchar('\n');
	json_array_foreach (notes, i, text)
		puts(json_string_value(text));
}
