#include "stages/evaluate/arms.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "ecg/fold.h"
#include "stages/evaluate/carried.h"
#include "stages/evaluate/naming.h"
#include "stages/evaluate/told.h"
#include "statistics/distinct.h"

enum { MOST_GROUPS = 32 };

const char *const arms_states[ARM_STATES] = {"trained", "random", "probe", "convolutions",
					     "convolutions_dim"};
static const char *const probability_tables[ARM_STATES] = {"probability", "probability_random",
							   "probability_probe", "probability_convolutions",
							   "probability_convolutions_dim"};

void arms_note(struct arms *s, json_t *text)
{
	json_array_append_new(s->notes, text);
}

/* ---- arms ---- */

static struct arm *find_arm(struct arms *s, const char *name, size_t n_bytes)
{
	for (int i = 0; i < s->n_arms; i++)
		if (strlen(s->arm[i].name) == n_bytes && !memcmp(s->arm[i].name, name, n_bytes))
			return &s->arm[i];
	struct arm *a = &s->arm[s->n_arms++];
	a->name = die_printf("%.*s", (int)n_bytes, name);
	a->json = json_pack("{s:s, s:{}}", "name", a->name, "ids");
	return a;
}

static int by_name(const void *a, const void *b)
{
	const struct arm *x = a, *y = b;
	return strcmp(x->name, y->name);
}

/* Inputs are called <arm>/<kind>. */
static void sort_inputs(struct arms *s)
{
	struct stage_run *r = s->run;
	s->arm = die_calloc((size_t)r->n_inputs + 1, sizeof *s->arm);
	for (int i = 0; i < r->n_inputs; i++) {
		const char *name = r->input_name[i], *slash = strrchr(name, '/');
		if (!slash)
			die("an input is called %s; expected ARM/KIND", name);
		struct arm *a = find_arm(s, name, (size_t)(slash - name));
		struct artifact *x = r->input[i];
		if (!strcmp(slash, "/scores"))
			a->scores = x;
		else if (!strcmp(slash, "/embeddings"))
			a->embeddings = x;
		else if (!strcmp(slash, "/model"))
			a->model = x;
		else if (!strcmp(slash, "/views"))
			a->views = x;
		if (x)
			json_object_set_new(json_object_get(a->json, "ids"), slash + 1,
					    json_string(artifact_id(x)));
	}

	qsort(s->arm, (size_t)s->n_arms, sizeof *s->arm, by_name);
}

static bool is_equal(struct artifact_value a, struct artifact_value b)
{
	return a.n_bytes == b.n_bytes && !memcmp(a.bytes, b.bytes, a.n_bytes);
}

/* Does a record that both scores have belong to another patient, fold or class in one of them? Then they are
 * of other data, though the numbers of the records are the same. */
static bool is_of_other_data(const struct artifact *first, const struct artifact *own)
{
	static const char *const tables[] = {"label", "truth"};
	bool is_other = false;
	for (int k = 0; k < 2 && !is_other; k++)
		for (struct artifact_cursor *c = artifact_walk(first, tables[k]); artifact_next(c);) {
			struct artifact_value v = artifact_get(own, tables[k], c->key, c->key_bytes);
			is_other = v.bytes && !is_equal(v, (struct artifact_value){c->value, c->value_bytes});
			if (is_other) {
				artifact_stop(c);
				break;
			}
		}
	return is_other;
}

/* Why an arm cannot stand beside the others, or NULL. */
static const char *obstacle(const struct arms *s, const struct arm *a)
{
	if (!a->scores) {
		const char *why =
			json_string_value(json_object_get(json_object_get(s->told, a->name), "reason"));
		return why ? why : "one of its stages failed";
	}
	if (!artifact_has_table(a->scores, "probability") || !artifact_has_table(a->scores, "truth") ||
	    !artifact_has_table(a->scores, "label") || !artifact_get_attribute(a->scores, "classes"))
		return "its scores have no probabilities";
	if (!s->first)
		return NULL;
	if (!json_equal(artifact_get_attribute(a->scores, "classes"), s->classes) ||
	    strcmp(artifact_text(a->scores, "task"), artifact_text(s->first, "task")) ||
	    strcmp(artifact_text(a->scores, "labels"), artifact_text(s->first, "labels")))
		return "it was asked for other classes than the first arm";
	if (is_of_other_data(s->first, a->scores))
		return "its records have other patients or labels than those of the first arm";
	return NULL;
}

/* The superclasses of the first arm that has embeddings: bits of a label, so there are at most 32. */
static void find_groups(struct arms *s)
{
	s->groups = s->classes;
	for (int i = s->n_arms - 1; i >= 0; i--) {
		const struct artifact *a = s->arm[i].embeddings;
		const json_t *own = a ? artifact_get_attribute(a, "classes") : NULL;
		if (a && (!json_array_size(own) || json_array_size(own) > MOST_GROUPS))
			die("embeddings %s: %zu classes, expected 1 to %d", artifact_id(a),
			    json_array_size(own), MOST_GROUPS);
		s->groups = a ? own : s->groups;
	}
}

static void leave_out(struct arms *s, struct arm *a, const char *why)
{
	const char *stage = json_string_value(json_object_get(json_object_get(s->told, a->name), "stage"));
	json_t *out = json_pack("{s:s, s:s}", "name", a->name, "reason", why);
	if (!a->scores && stage)
		json_object_set_new(out, "stage", json_string(stage));
	json_array_append_new(s->left_out, out);
	json_decref(a->json);
	free(a->name);
}

json_t *arms_names(const struct arms *s)
{
	json_t *names = json_array();
	for (int i = 0; i < s->n_arms; i++)
		json_array_append_new(names, json_string(s->arm[i].name));
	return names;
}

static bool is_alike(const json_t *x, const json_t *y)
{
	const json_t *stage = json_object_get(x, "stage"), *other = json_object_get(y, "stage");
	return json_equal(json_object_get(x, "reason"), json_object_get(y, "reason")) &&
	       (stage == other || json_equal(stage, other));
}

/* A sentence for all arms of one reason. all: names of the study's arms. */
static void note_left_out(struct arms *s, const json_t *all)
{
	const json_t *arm, *other;
	size_t i, k;
	json_array_foreach (s->left_out, i, arm) {
		json_t *names = json_array();
		bool is_said = false;
		json_array_foreach (s->left_out, k, other) {
			if (!is_alike(arm, other))
				continue;
			is_said = is_said || k < i;
			json_array_append(names, json_object_get(other, "name"));
		}
		const char *stage = json_string_value(json_object_get(arm, "stage"));
		char *text = naming_of(names, all);
		if (!is_said)
			arms_note(s, json_sprintf("Arm%s %s %s left out: %s%s%s.",
						  json_array_size(names) > 1 ? "s" : "", text,
						  json_array_size(names) > 1 ? "are" : "is",
						  stage ? stage : "", stage ? " failed: " : "",
						  json_string_value(json_object_get(arm, "reason"))));
		free(text);
		json_decref(names);
	}
}

static void drop_arms(struct arms *s)
{
	int kept = 0;
	json_t *all = arms_names(s);
	for (int i = 0; i < s->n_arms; i++) {
		const char *why = obstacle(s, &s->arm[i]);
		if (why) {
			leave_out(s, &s->arm[i], why);
			continue;
		}
		if (!s->first) {
			s->first = s->arm[i].scores;
			s->classes = json_deep_copy(artifact_get_attribute(s->first, "classes"));
			s->n_classes = (int)json_array_size(s->classes);
			s->is_multi = !strcmp(artifact_text(s->first, "labels"), "multi");
		}
		if (!s->floor && artifact_has_table(s->arm[i].scores, "probability_scale"))
			s->floor = s->arm[i].scores;
		s->arm[kept++] = s->arm[i];
	}

	s->floor = s->floor ? s->floor : s->first;
	s->n_arms = kept;
	note_left_out(s, all);
	json_decref(all);
	if (!kept)
		die("no arm has scores; run 'make -f pipeline.mk compare' and see why they failed. %s",
		    json_string_value(json_array_get(s->notes, 0)));
	if (s->n_classes < 2)
		die("scores %s: %d classes, expected at least 2", artifact_id(s->first), s->n_classes);
	find_groups(s);
}

/* ---- records ---- */

static bool all_have(const struct arms *s, uint64_t record)
{
	for (int i = 0; i < s->n_arms; i++)
		if (!artifact_get_record(s->arm[i].scores, "probability", record).bytes)
			return false;
	return true;
}

static void add_record(struct arms *s, uint64_t record, const struct label *l)
{
	s->record[s->n] = record;
	s->patient[s->n] = l->patient;
	s->label[s->n] = *l;
	struct artifact_value v = artifact_get_record(s->first, "truth", record);
	if (v.n_bytes != (size_t)s->n_classes)
		die("scores %s: record %" PRIu64 " has %zu bytes in table truth, expected %d",
		    artifact_id(s->first), record, v.n_bytes, s->n_classes);
	memcpy(s->truth + s->n++ * v.n_bytes, v.bytes, v.n_bytes);
}

static void read_records(struct arms *s)
{
	size_t room = artifact_count(s->first, "label") + 1, n_missing = 0;
	s->record = die_malloc(room * sizeof *s->record);
	s->patient = die_malloc(room * sizeof *s->patient);
	s->label = die_malloc(room * sizeof *s->label);
	s->truth = die_malloc(room * (size_t)s->n_classes);

	for (struct artifact_cursor *c = artifact_walk(s->first, "label"); artifact_next(c);) {
		struct label l;
		uint64_t record = artifact_record(c->key);
		if (c->value_bytes != LABEL_BYTES)
			die("scores %s: label of record %" PRIu64 " has %zu bytes, expected %d",
			    artifact_id(s->first), record, c->value_bytes, LABEL_BYTES);
		label_decode(&l, c->value);
		if (!s->is_cross && l.fold != FOLD_TEST)
			continue;
		if (all_have(s, record))
			add_record(s, record, &l);
		else
			n_missing++;
	}

	if (n_missing)
		arms_note(s, json_sprintf("%zu records%s are not in all arms and were left out.", n_missing,
					  s->is_cross ? "" : " of fold 10"));
}

/* [n][width] floats of the comparison's records, or NULL if the table or a record is missing. */
static float *read_table(const struct arms *s, const struct artifact *a, const char *table, size_t width)
{
	if (!a || !artifact_has_table(a, table))
		return NULL;
	float *x = die_malloc((s->n * width + 1) * sizeof *x);
	for (size_t i = 0; i < s->n; i++) {
		struct artifact_value v = artifact_get_record(a, table, s->record[i]);
		if (v.n_bytes != width * sizeof *x) {
			free(x);
			return NULL;
		}
		memcpy(x + i * width, v.bytes, v.n_bytes);
	}
	return x;
}

json_t *arms_metrics(const struct artifact *scores, const char *key)
{
	struct artifact_value v = {0};
	if (artifact_has_table(scores, "metrics"))
		v = artifact_get(scores, "metrics", key, strlen(key));
	return v.bytes ? json_read(v.bytes, v.n_bytes, "metrics", NULL) : NULL;
}

/* What decides on the records of a fold: of a cross-validation its turn's. */
static const json_t *weight_of_fold(const json_t *metrics, uint32_t fold)
{
	const json_t *turn;
	size_t i;
	json_array_foreach (json_object_get(metrics, "rotations"), i, turn)
		if (json_integer_value(json_object_get(turn, "fold")) == (json_int_t)fold)
			return json_object_get(turn, "decision_weight");
	return json_object_get(metrics, "decision_weight");
}

/* [n][n_classes] */
static double *read_weight(const struct arms *s, const json_t *metrics)
{
	size_t width = (size_t)s->n_classes;
	double *w = die_malloc((s->n * width + 1) * sizeof *w);
	for (size_t i = 0; i < s->n; i++) {
		const json_t *given = weight_of_fold(metrics, s->label[i].fold);
		for (size_t c = 0; c < width; c++) {
			const json_t *x = json_array_get(given, c);
			w[i * width + c] = json_is_number(x) ? json_number_value(x) : 1;
		}
	}
	return w;
}

/* Key of the metrics of one state: probe writes "trained", finetune its own name first. */
static const char *metrics_key(const struct arm *a, int state)
{
	const json_t *keys = artifact_get_attribute(a->scores, "arms");
	const char *first = json_string_value(json_array_get(keys, 0));
	if (state != ARM_TRAINED)
		return arms_states[state];
	return first ? first : "trained";
}

static void read_state(const struct arms *s, struct arm *a, int state)
{
	const struct artifact *from = a->scores;
	/* They need no encoder: an arm whose scores have none has those of the floors. */
	if (state == ARM_CONVOLUTIONS && !artifact_has_table(from, probability_tables[state]))
		from = s->floor;
	json_t *metrics = arms_metrics(from, metrics_key(a, state));
	a->weight[state] = read_weight(s, metrics);
	a->probability[state] = read_table(s, from, probability_tables[state], (size_t)s->n_classes);
	json_decref(metrics);
}

static void read_arms(struct arms *s)
{
	for (int i = 0; i < s->n_arms; i++)
		for (int k = 0; k < ARM_STATES; k++)
			read_state(s, &s->arm[i], k);
	json_t *metrics = arms_metrics(s->floor, "scale");
	s->scale_weight = read_weight(s, metrics);
	s->scale = read_table(s, s->floor, "probability_scale", (size_t)s->n_classes);
	json_decref(metrics);
}

bool arms_crossed(const struct artifact *scores)
{
	const char *evaluation = json_string_value(artifact_get_attribute(scores, "evaluation"));
	return evaluation && !strcmp(evaluation, "cross");
}

/* Arms trained on the labels are judged on fold 10, so beside them a cross-validated one is, too. */
static void find_evaluation(struct arms *s)
{
	int n = 0;
	for (int i = 0; i < s->n_arms; i++)
		n += arms_crossed(s->arm[i].scores);
	s->is_cross = n == s->n_arms;
	if (n && !s->is_cross)
		arms_note(
			s,
			json_string("Not all arms are cross-validated, so all are compared on fold 10 alone; "
				    "sentences about all folds are of their own tables."));
}

void arms_open(struct arms *s, struct stage_run *run)
{
	*s = (struct arms){
		.run = run, .notes = json_array(), .left_out = json_array(), .told = told_read(run->told)};
	sort_inputs(s);
	drop_arms(s);
	find_evaluation(s);
	read_records(s);
	read_arms(s);
	carried_add(s);
}

size_t arms_patients(const struct arms *s)
{
	uint64_t *sorted = die_malloc((s->n + 1) * sizeof *sorted);
	memcpy(sorted, s->patient, s->n * sizeof *sorted);
	size_t n = distinct_sort(sorted, s->n);
	free(sorted);
	return n;
}

void arms_close(struct arms *s)
{
	for (int i = 0; i < s->n_arms; i++) {
		struct arm *a = &s->arm[i];
		for (int k = 0; k < ARM_STATES; k++) {
			free(a->weight[k]);
			free(a->probability[k]);
		}
		json_decref(a->json);
		free(a->name);
	}

	json_decref(s->told);
	free((void *)s->comparison.row);
	comparison_release(&s->comparison);
	free(s->arm);
	free(s->record);
	free(s->patient);
	free(s->label);
	free(s->truth);
	free(s->scale);
	free(s->scale_weight);
}
