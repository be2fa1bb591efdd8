#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "common/progress.h"
#include "ecg/label.h"
#include "model/calibration.h"
#include "model/comparison.h"
#include "model/scores.h"
#include "model/scoretable.h"
#include "stages/parts/portrait.h"
#include "store/stage.h"

enum { MAX_CLASSES = 64, TEST_FOLD = 10, SMALL_FOLD = 300 };

/* An arm is judged twice: as trained, and its encoder with the weights it began with. */
enum { TRAINED, RANDOM, STATES };
static const char *const probability_tables[STATES] = {"probability", "probability_random"};
static const char *const embedding_tables[STATES] = {"embedding", "random"};

struct arm {
	char *name;
	struct artifact *scores, *embeddings, *model; /* NULL: could not be made */
	json_t *json;
	json_t *own[STATES];	    /* the arm's own metrics in its scores, NULL: none */
	double *weight[STATES];	    /* [n_classes] of the decision */
	float *probability[STATES]; /* [n][n_classes], NULL: none */
	int compared[STATES];	    /* index in the comparison, or -1 */
};

struct study {
	struct stage_run *run;
	struct arm *arm;
	int n_arms;
	const struct artifact *first; /* scores that say which records, classes and task the comparison has */
	json_t *classes, *notes;
	int n_classes;
	bool is_multi;
	size_t n; /* records of the test fold that all arms have */
	uint64_t *record, *patient;
	struct label *label;
	uint8_t *truth;
	float *scale; /* probabilities from the leads' amplitudes alone, or NULL */
	double *scale_weight;
	int scale_compared;
	struct comparison comparison;
	int map_table;
};

static void note(struct study *s, json_t *text)
{
	json_array_append_new(s->notes, text);
}

/* ---- arms ---- */

static struct arm *find_arm(struct study *s, const char *name, size_t n_bytes)
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
static void sort_inputs(struct study *s)
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
		if (x)
			json_object_set_new(json_object_get(a->json, "ids"), slash + 1,
					    json_string(artifact_id(x)));
	}
	qsort(s->arm, (size_t)s->n_arms, sizeof *s->arm, by_name);
}

/* Why an arm cannot stand beside the others, or NULL. */
static const char *obstacle(const struct study *s, const struct arm *a)
{
	if (!a->scores)
		return "one of its stages failed";
	if (!artifact_has_table(a->scores, "probability") || !artifact_get_attribute(a->scores, "classes"))
		return "its scores have no probabilities";
	if (!s->first)
		return NULL;
	if (!json_equal(artifact_get_attribute(a->scores, "classes"), s->classes) ||
	    strcmp(artifact_text(a->scores, "labels"), artifact_text(s->first, "labels")))
		return "it was asked for other classes than the first arm";
	return NULL;
}

static void drop_arms(struct study *s)
{
	int kept = 0;
	for (int i = 0; i < s->n_arms; i++) {
		const char *why = obstacle(s, &s->arm[i]);
		if (why) {
			note(s, json_sprintf("Arm %s is left out: %s.", s->arm[i].name, why));
			json_decref(s->arm[i].json);
			free(s->arm[i].name);
			continue;
		}
		if (!s->first) {
			s->first = s->arm[i].scores;
			s->classes = json_deep_copy(artifact_get_attribute(s->first, "classes"));
			s->n_classes = (int)json_array_size(s->classes);
			s->is_multi = !strcmp(artifact_text(s->first, "labels"), "multi");
		}
		s->arm[kept++] = s->arm[i];
	}
	s->n_arms = kept;
	if (!kept)
		die("no arm has scores; run 'make -f pipeline.mk compare' and see why they failed");
	if (s->n_classes < 2 || s->n_classes > MAX_CLASSES)
		die("scores %s: %d classes, expected 2 to %d", artifact_id(s->first), s->n_classes,
		    MAX_CLASSES);
}

/* ---- records ---- */

static bool all_have(const struct study *s, uint64_t record)
{
	for (int i = 0; i < s->n_arms; i++)
		if (!artifact_get_record(s->arm[i].scores, "probability", record).bytes)
			return false;
	return true;
}

static void add_record(struct study *s, uint64_t record, const struct label *l)
{
	s->record[s->n] = record;
	s->patient[s->n] = l->patient;
	s->label[s->n] = *l;
	for (int c = 0; c < s->n_classes; c++)
		s->truth[s->n * (size_t)s->n_classes + (size_t)c] = l->classes >> c & 1;
	s->n++;
}

static void read_records(struct study *s)
{
	size_t room = artifact_count(s->first, "label") + 1, n_missing = 0;
	s->record = die_malloc(room * sizeof *s->record);
	s->patient = die_malloc(room * sizeof *s->patient);
	s->label = die_malloc(room * sizeof *s->label);
	s->truth = die_malloc(room * (size_t)s->n_classes);
	for (struct artifact_cursor *c = artifact_walk(s->first, "label"); artifact_next(c);) {
		struct label l;
		uint64_t record = artifact_record(c->key);
		label_decode(&l, c->value);
		if (l.fold != TEST_FOLD)
			continue;
		if (all_have(s, record))
			add_record(s, record, &l);
		else
			n_missing++;
	}
	if (n_missing)
		note(s, json_sprintf("%zu records of fold 10 are not in all arms and were left out.",
				     n_missing));
	if (s->n < SMALL_FOLD)
		note(s, json_sprintf("Fold 10 is small: %zu records. Intervals are wide; differences whose "
				     "interval "
				     "includes 0 may be chance.",
				     s->n));
}

/* [n][width] floats of the comparison's records, or NULL if the table or a record is missing. */
static float *read_table(const struct study *s, const struct artifact *a, const char *table, size_t width)
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

static json_t *read_metrics(const struct artifact *scores, const char *key)
{
	struct artifact_value v = {0};
	if (artifact_has_table(scores, "metrics"))
		v = artifact_get(scores, "metrics", key, strlen(key));
	return v.bytes ? json_read(v.bytes, v.n_bytes, "metrics", NULL) : NULL;
}

static double *read_weight(const struct study *s, const json_t *metrics)
{
	double *w = die_malloc((size_t)s->n_classes * sizeof *w);
	const json_t *given = json_object_get(metrics, "decision_weight");
	for (int c = 0; c < s->n_classes; c++) {
		const json_t *x = json_array_get(given, (size_t)c);
		w[c] = json_is_number(x) ? json_number_value(x) : 1;
	}
	return w;
}

static void read_arms(struct study *s)
{
	for (int i = 0; i < s->n_arms; i++)
		for (int k = 0; k < STATES; k++) {
			struct arm *a = &s->arm[i];
			const json_t *keys = artifact_get_attribute(a->scores, "arms");
			const char *first = json_string_value(json_array_get(keys, 0));
			a->own[k] = read_metrics(a->scores, k == RANDOM ? "random"
							    : first	? first
									: "trained");
			a->weight[k] = read_weight(s, a->own[k]);
			a->probability[k] =
				read_table(s, a->scores, probability_tables[k], (size_t)s->n_classes);
		}
	json_t *metrics = read_metrics(s->first, "scale");
	s->scale_weight = read_weight(s, metrics);
	s->scale = read_table(s, s->first, "probability_scale", (size_t)s->n_classes);
	json_decref(metrics);
}

/* ---- comparing ---- */

static void compare(struct study *s, struct progress *p)
{
	struct comparison_arm *list = die_calloc(2 * (size_t)s->n_arms + 1, sizeof *list);
	int n = 0;
	for (int i = 0; i < s->n_arms; i++)
		for (int k = 0; k < STATES; k++) {
			struct arm *a = &s->arm[i];
			a->compared[k] = a->probability[k] ? n : -1;
			if (a->probability[k])
				list[n++] = (struct comparison_arm){a->name, a->probability[k], a->weight[k]};
		}
	s->scale_compared = s->scale ? n : -1;
	if (s->scale)
		list[n++] = (struct comparison_arm){"scale", s->scale, s->scale_weight};
	s->comparison = (struct comparison){
		.n_arms = n,
		.arm = list,
		.data = {.n = s->n, .n_classes = s->n_classes, .is_multi = s->is_multi, .truth = s->truth},
		.bootstrap = {.seed = (uint64_t)params_int(s->run->params, "seed"),
			      .n_resamples = (int)params_int(s->run->params, "bootstrap"),
			      .patient = s->patient}};
	comparison_run(&s->comparison);
	progress_step(p, 1);
	if (s->comparison.n_undefined)
		note(s, json_sprintf("%d bootstrap resamples lack a class and were left out.",
				     s->comparison.n_undefined));
	for (int c = 0; c < s->n_classes; c++)
		if (!s->comparison.metrics[0].of_class[c].support)
			note(s, json_sprintf("Fold 10 has no record of class %s: the macro averages leave it "
					     "out.",
					     json_string_value(json_array_get(s->classes, (size_t)c))));
}

/* One state of an arm: its metrics, intervals, and the paired difference to another row of the comparison (-1: none). */
static json_t *judged(const struct study *s, int row, int other)
{
	json_t *out = json_pack("{s:o, s:o}", "test",
				scores_metrics(&s->comparison.metrics[row], s->classes, s->is_multi),
				"interval", scores_intervals(&s->comparison, row, -1, s->classes));
	if (other >= 0)
		json_object_set_new(out, "difference",
				    scores_intervals(&s->comparison, row, other, s->classes));
	return out;
}

static json_t *reliability(const struct study *s, const struct arm *a)
{
	struct calibration_bin bin[METRICS_BINS];
	struct metrics_input in = s->comparison.data;
	in.probability = a->probability[TRAINED];
	calibration_bins(bin, &in);
	json_t *out = json_array();
	for (int k = 0; k < METRICS_BINS; k++)
		json_array_append_new(out, json_pack("{s:I, s:f, s:f}", "n", (json_int_t)bin[k].n,
						     "confidence", bin[k].confidence, "hits", bin[k].hits));
	return out;
}

static json_t *roc(const struct study *s, const struct arm *a)
{
	json_t *out = json_object();
	size_t width = (size_t)s->n_classes;
	struct calibration_point *point = die_malloc((s->n + 1) * sizeof *point);
	for (size_t c = 0; c < width; c++) {
		json_t *curve = json_array();
		size_t n = calibration_roc(point, a->probability[TRAINED] + c, s->truth + c, width, s->n);
		for (size_t i = 0; i < n; i++)
			json_array_append_new(curve, json_pack("[f, f]", point[i].false_positives,
							       point[i].true_positives));
		json_object_set_new(out, json_string_value(json_array_get(s->classes, c)), curve);
	}
	free(point);
	return out;
}

static void add_scores(struct study *s, struct arm *a)
{
	json_t *trained = judged(s, a->compared[TRAINED], a->compared[RANDOM]);
	json_object_set_new(trained, "reliability", reliability(s, a));
	json_object_set_new(trained, "roc", roc(s, a));
	json_object_set_new(a->json, "trained", trained);
	if (a->compared[RANDOM] >= 0)
		json_object_set_new(a->json, "random", judged(s, a->compared[RANDOM], -1));
	json_t *against = json_object();
	for (int i = 0; i < s->n_arms; i++)
		if (&s->arm[i] != a)
			json_object_set_new(against, s->arm[i].name,
					    scores_intervals(&s->comparison, a->compared[TRAINED],
							     s->arm[i].compared[TRAINED], s->classes));
	json_object_set_new(a->json, "against", against);
}

/* ---- space, attention, training ---- */

static void put_map(struct study *s, const struct arm *a, const char *what, const float *map, size_t n)
{
	char *key = die_printf("%s %s", a->name, what);
	if (map)
		artifact_put_floats(s->run->output, s->map_table, key, strlen(key), map, 2 * n);
	free(key);
}

static void add_space(struct study *s, struct arm *a, struct progress *progress)
{
	const struct params *p = s->run->params;
	struct portrait_options o = {.n_classes = s->n_classes,
				     .n_records = (size_t)params_int(p, "map_records"),
				     .seed = (uint64_t)params_int(p, "seed"),
				     .perplexity = params_float(p, "perplexity"),
				     .n_steps = (int)params_int(p, "map_steps")};
	struct portrait_maps maps[STATES] = {0};
	for (int k = 0; k < STATES; k++) {
		if (a->embeddings && artifact_has_table(a->embeddings, embedding_tables[k]))
			json_object_set_new(a->json, k == TRAINED ? "space" : "random_space",
					    portrait_space(&maps[k], a->embeddings, embedding_tables[k], &o));
		progress_step(progress, 1);
	}
	put_map(s, a, "pca", maps[TRAINED].pca, maps[TRAINED].n); /* ascending keys */
	put_map(s, a, "random-pca", maps[RANDOM].pca, maps[RANDOM].n);
	put_map(s, a, "random-tsne", maps[RANDOM].tsne, maps[RANDOM].n);
	put_map(s, a, "tsne", maps[TRAINED].tsne, maps[TRAINED].n);
	for (int k = 0; k < STATES; k++)
		portrait_release(&maps[k]);
}

static void add_rest(struct study *s, struct arm *a)
{
	static const char *const of_scores[] = {"label_fraction", "from", "features"};
	for (size_t i = 0; i < sizeof of_scores / sizeof *of_scores; i++) {
		const json_t *value = artifact_get_attribute(a->scores, of_scores[i]);
		if (value)
			json_object_set_new(a->json, of_scores[i], json_deep_copy(value));
	}
	json_t *attention = portrait_attention(a->embeddings, s->classes),
	       *training = portrait_training(a->model);
	if (attention)
		json_object_set_new(a->json, "attention", attention);
	if (training)
		json_object_set_new(a->json, "training", training);
}

/* ---- writing ---- */

static size_t count_patients(const struct study *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n; i++) {
		size_t j = 0;
		while (j < i && s->patient[j] != s->patient[i])
			j++;
		n += j == i;
	}
	return n;
}

static void put_json(struct study *s, int table, const char *key, const json_t *value)
{
	size_t n;
	char *text = json_canonical(value, &n);
	artifact_put(s->run->output, table, key, strlen(key), text, n);
	free(text);
}

static void put_floors(struct study *s)
{
	int table = artifact_table(s->run->output, "floor");
	json_t *majority = read_metrics(s->first, "majority");
	if (majority)
		put_json(s, table, "majority", majority);
	json_decref(majority);
	if (s->scale_compared < 0)
		return;
	json_t *scale = judged(s, s->scale_compared, -1);
	put_json(s, table, "scale", scale);
	json_decref(scale);
}

static void put_header(struct study *s)
{
	struct artifact_writer *w = s->run->output;
	json_t *names = json_array();
	for (int i = 0; i < s->n_arms; i++)
		json_array_append_new(names, json_string(s->arm[i].name));
	const json_t *dataset = artifact_get_attribute(s->first, "dataset");
	if (dataset)
		artifact_attribute(w, "dataset", json_deep_copy(dataset));
	artifact_attribute(w, "arms", names);
	artifact_attribute(w, "classes", s->classes);
	artifact_attribute(w, "labels", json_string(s->is_multi ? "multi" : "single"));
	artifact_attribute(w, "notes", s->notes);
	artifact_attribute(w, "records", json_integer((json_int_t)s->n));
	artifact_attribute(w, "patients", json_integer((json_int_t)count_patients(s)));
	artifact_attribute(w, "resamples", json_integer(params_int(s->run->params, "bootstrap")));
	const json_t *counts = artifact_get_attribute(s->first, "records");
	if (counts)
		artifact_attribute(w, "counts", json_deep_copy(counts));
}

static void tear_down(struct study *s)
{
	for (int i = 0; i < s->n_arms; i++) {
		struct arm *a = &s->arm[i];
		for (int k = 0; k < STATES; k++) {
			json_decref(a->own[k]);
			free(a->weight[k]);
			free(a->probability[k]);
		}
		json_decref(a->json);
		free(a->name);
	}
	free((void *)s->comparison.arm);
	comparison_release(&s->comparison);
	free(s->arm);
	free(s->record);
	free(s->patient);
	free(s->label);
	free(s->truth);
	free(s->scale);
	free(s->scale_weight);
}

static void run(struct stage_run *r)
{
	struct study s = {.run = r, .notes = json_array()};
	struct progress p;
	sort_inputs(&s);
	drop_arms(&s);
	read_records(&s);
	read_arms(&s);
	progress_start(&p, "evaluate", "parts", 1 + 2 * (uint64_t)s.n_arms);
	compare(&s, &p);
	r->output = artifact_create("evaluation", 1);
	int table = artifact_table(r->output, "arm");
	s.map_table = artifact_table(r->output, "map");
	for (int i = 0; i < s.n_arms; i++) {
		struct arm *a = &s.arm[i];
		add_scores(&s, a);
		add_space(&s, a, &p);
		add_rest(&s, a);
		put_json(&s, table, a->name, a->json);
	}
	progress_end(&p);
	put_floors(&s);
	put_header(&s);
	tear_down(&s);
}

/* ---- showing ---- */

static json_t *shown_arm(const struct artifact *a, const char *table, const char *key, const char *state,
			 const char *name)
{
	struct artifact_value v = artifact_get(a, table, key, strlen(key));
	json_t *all = v.bytes ? json_read(v.bytes, v.n_bytes, table, NULL) : NULL,
	       *out = json_incref(state ? json_object_get(all, state) : all);
	if (out)
		json_object_set_new(out, "name", json_string(name));
	json_decref(all);
	return out;
}

/* What training added to each arm, on the same resamples. */
static void show_gains(const json_t *rows)
{
	size_t i;
	json_t *row;
	printf("\ntraining added (paired)       macro F1                 macro AUROC\n");
	json_array_foreach(rows, i, row)
	{
		const json_t *f1 = json_object_get(json_object_get(row, "difference"), "macro_f1"),
			     *area = json_object_get(json_object_get(row, "difference"), "macro_auroc");
		if (!json_is_number(json_object_get(f1, "low")) ||
		    !json_is_number(json_object_get(area, "low")))
			continue;
		printf("%-24s %+7.3f [%+.3f, %+.3f]  %+7.3f [%+.3f, %+.3f]\n",
		       json_string_value(json_object_get(row, "name")),
		       json_number_value(json_object_get(f1, "value")),
		       json_number_value(json_object_get(f1, "low")),
		       json_number_value(json_object_get(f1, "high")),
		       json_number_value(json_object_get(area, "value")),
		       json_number_value(json_object_get(area, "low")),
		       json_number_value(json_object_get(area, "high")));
	}
}

static void show(struct artifact *a)
{
	json_t *rows = json_array(), *trained = json_array();
	const json_t *name;
	size_t i;
	json_array_foreach(artifact_get_attribute(a, "arms"), i, name)
	{
		const char *key = json_string_value(name);
		json_t *own = shown_arm(a, "arm", key, "trained", key);
		char *label = die_printf("%s, untrained", key);
		json_t *random = shown_arm(a, "arm", key, "random", label);
		json_array_append(trained, own);
		/* "difference" is for scoretable the first arm minus this one. */
		json_t *row = json_copy(own);
		json_object_del(row, "difference");
		json_array_append_new(rows, row);
		if (random)
			json_array_append(rows, random);
		json_decref(own);
		json_decref(random);
		free(label);
	}
	json_array_append_new(rows, shown_arm(a, "floor", "scale", NULL, "log-std only"));
	json_t *majority = shown_arm(a, "floor", "majority", NULL, "majority class");
	json_object_del(majority, "difference");
	json_array_append_new(rows, majority);
	printf("%zu arms on fold 10: %lld records of %lld patients\n\n",
	       json_array_size(artifact_get_attribute(a, "arms")), (long long)artifact_integer(a, "records"),
	       (long long)artifact_integer(a, "patients"));
	scoretable_rows(stdout, artifact_get_attribute(a, "classes"), rows);
	show_gains(trained);
	json_array_foreach(artifact_get_attribute(a, "notes"), i, name)
		printf("%s%s\n", i ? "" : "\n", json_string_value(name));
	json_decref(rows);
	json_decref(trained);
}

static const struct param params[] = {
	{"bootstrap", PARAM_INT, .min = 0, .max = 100000, .otherwise = "1000",
	 .help = "patient-cluster resamples of fold 10 behind the intervals"},
	{"seed", PARAM_INT, .min = 0, .max = 4294967295, .otherwise = "1",
	 .help = "of the resamples, k-means and Hopkins"},
	{"perplexity", PARAM_FLOAT, .min = 1, .max = 1000, .otherwise = "30",
	 .help = "of t-SNE; lowered for few records"},
	{"map_steps", PARAM_INT, .min = 1, .max = 100000, .otherwise = "1000", .help = "steps of t-SNE"},
	{"map_records", PARAM_INT, .min = 4, .max = 20000, .otherwise = "1000",
	 .help = "records of fold 10 in maps and measures of the space; time grows with the square"},
	{0}};

static const struct stage stage = {.name = "evaluate",
				   .purpose = "Judge all arms on the same records of fold 10",
				   .inputs = INPUTS(),
				   .has_list = true,
				   .kind = "evaluation",
				   .params = params,
				   .run = run,
				   .show = show};

int main(int argc, char **argv)
{
	return stage_main(&stage, argc, argv);
}
