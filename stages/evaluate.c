#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "common/progress.h"
#include "model/scoretable.h"
#include "stages/parts/attention.h"
#include "stages/parts/legacy.h"
#include "stages/parts/lineup.h"
#include "stages/parts/portrait.h"
#include "stages/parts/study.h"
#include "stages/parts/verdict.h"
#include "store/stage.h"

/* ---- space, attention, training ---- */

static void put_map(struct study *s, int table, const struct study_arm *a, const char *what, const float *map,
		    size_t n)
{
	char *key = die_printf("%s %s", a->name, what);
	if (map)
		artifact_put_floats(s->run->output, table, key, strlen(key), map, 2 * n);
	free(key);
}

static void note_constant(struct study *s, const struct study_arm *a, const json_t *space, const char *whose)
{
	if (json_is_true(json_object_get(space, "is_constant")))
		study_note(s,
			   json_sprintf("Arm %s: %s embedding is the same for all records of fold 10, so its "
					"space has no measures and its maps are points.",
					a->name, whose));
}

static void add_space(struct study *s, struct study_arm *a, int map_table, struct progress *progress)
{
	const struct params *p = s->run->params;
	struct portrait_options o = {.n_classes = (int)json_array_size(s->groups),
				     .n_records = (size_t)params_int(p, "map_records"),
				     .seed = (uint64_t)params_int(p, "seed"),
				     .perplexity = params_float(p, "perplexity"),
				     .n_steps = (int)params_int(p, "map_steps")};
	struct portrait_maps maps[STUDY_ENCODERS] = {0};
	for (int k = 0; k < STUDY_ENCODERS; k++) {
		if (a->embeddings &&
		    artifact_has_table(a->embeddings, k == STUDY_RANDOM ? "random" : "embedding"))
			json_object_set_new(a->json, k == STUDY_TRAINED ? "space" : "random_space",
					    portrait_space(&maps[k], a->embeddings, k == STUDY_RANDOM, &o));
		progress_step(progress, 1);
	}
	note_constant(s, a, json_object_get(a->json, "space"), "its");
	note_constant(s, a, json_object_get(a->json, "random_space"), "its untrained encoder's");
	put_map(s, map_table, a, "pca", maps[STUDY_TRAINED].pca, maps[STUDY_TRAINED].n); /* ascending keys */
	put_map(s, map_table, a, "random-pca", maps[STUDY_RANDOM].pca, maps[STUDY_RANDOM].n);
	put_map(s, map_table, a, "random-tsne", maps[STUDY_RANDOM].tsne, maps[STUDY_RANDOM].n);
	put_map(s, map_table, a, "tsne", maps[STUDY_TRAINED].tsne, maps[STUDY_TRAINED].n);
	for (int k = 0; k < STUDY_ENCODERS; k++)
		portrait_release(&maps[k]);
}

static void add_rest(struct study *s, struct study_arm *a)
{
	static const char *const of_scores[] = {"label_fraction", "from", "features"};
	for (size_t i = 0; i < sizeof of_scores / sizeof *of_scores; i++) {
		const json_t *value = artifact_get_attribute(a->scores, of_scores[i]);
		if (value)
			json_object_set_new(a->json, of_scores[i], json_deep_copy(value));
	}
	/* What was trained on the labels has a training of its own, and shares encoder and maps with the arm it began as. */
	bool is_tuned = json_object_get(a->json, "from");
	json_t *training = portrait_training(is_tuned ? a->scores : a->model);
	if (!is_tuned)
		attention_add(s, a);
	if (training)
		json_object_set_new(a->json, "training", training);
	json_t *legacy = legacy_read(a->scores);
	if (legacy)
		json_object_set_new(a->json, "legacy", legacy);
}

/* ---- writing ---- */

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
	json_t *majority = study_metrics(s->floor, "majority");
	if (majority)
		put_json(s, table, "majority", majority);
	json_decref(majority);
	json_t *scale = verdict_scale(s);
	if (scale)
		put_json(s, table, "scale", scale);
	json_decref(scale);
}

static void put_header(struct study *s)
{
	struct artifact_writer *w = s->run->output;
	json_t *names = json_array(), *list = json_array(), *arm;
	size_t at;
	for (int i = 0; i < s->n_arms; i++)
		json_array_append(list, s->arm[i].json);
	json_t *ordered = lineup_order(list), *seeds = lineup_seeds(ordered);
	json_array_foreach(ordered, at, arm) json_array_append(names, json_object_get(arm, "name"));
	json_decref(list);
	json_decref(ordered);
	const json_t *dataset = artifact_get_attribute(s->first, "dataset");
	if (dataset)
		artifact_attribute(w, "dataset", json_deep_copy(dataset));
	artifact_attribute(w, "arms", names);
	artifact_attribute(w, "seeds", seeds);
	artifact_attribute(w, "classes", s->classes);
	artifact_attribute(w, "groups", json_deep_copy(s->groups));
	artifact_attribute(w, "task", json_string(artifact_text(s->first, "task")));
	artifact_attribute(w, "labels", json_string(s->is_multi ? "multi" : "single"));
	artifact_attribute(w, "notes", s->notes);
	artifact_attribute(w, "records", json_integer((json_int_t)s->n));
	artifact_attribute(w, "patients", json_integer((json_int_t)study_patients(s)));
	artifact_attribute(w, "resamples", json_integer(params_int(s->run->params, "bootstrap")));
	const json_t *counts = artifact_get_attribute(s->floor, "records");
	if (counts)
		artifact_attribute(w, "counts", json_deep_copy(counts));
}

static void run(struct stage_run *r)
{
	struct study s;
	struct progress p;
	study_open(&s, r);
	progress_start(&p, "evaluate", "parts", 1 + STUDY_ENCODERS * (uint64_t)s.n_arms);
	verdict_compare(&s);
	progress_step(&p, 1);
	r->output = artifact_create("evaluation", 1);
	int table = artifact_table(r->output, "arm"), map_table = artifact_table(r->output, "map");
	for (int i = 0; i < s.n_arms; i++) {
		struct study_arm *a = &s.arm[i];
		verdict_add(&s, a);
		add_rest(&s, a);
		if (!json_object_get(a->json, "from"))
			add_space(&s, a, map_table, &p);
		json_object_set_new(a->json, "group", json_string(lineup_group(a->json)));
		put_json(&s, table, a->name, a->json);
	}
	progress_end(&p);
	put_floors(&s);
	put_header(&s);
	study_close(&s);
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

static void show_summary(const json_t *all, const char *metric, const char *format)
{
	const json_t *v = json_object_get(all, metric);
	char text[64] = "-";
	if (v)
		snprintf(text, sizeof text, format, json_number_value(json_object_get(v, "mean")),
			 json_number_value(json_object_get(v, "deviation")),
			 json_number_value(json_object_get(v, "low")),
			 json_number_value(json_object_get(v, "high")));
	printf("  %-30s", text);
}

/* Arms of several seeds: mean, standard deviation over the seeds, least and greatest. */
static void show_seeds(const json_t *seeds)
{
	size_t i;
	const json_t *arm;
	if (!json_array_size(seeds))
		return;
	printf("\n%-22s%5s  %-30s  %-30s  %s\n", "over seeds", "seeds", "macro F1", "macro AUROC",
	       "training added to macro AUROC");
	json_array_foreach(seeds, i, arm)
	{
		printf("%-22s%5zu", json_string_value(json_object_get(arm, "name")),
		       json_array_size(json_object_get(arm, "arms")));
		show_summary(json_object_get(arm, "trained"), "macro_f1", "%.3f ± %.3f [%.3f, %.3f]");
		show_summary(json_object_get(arm, "trained"), "macro_auroc", "%.3f ± %.3f [%.3f, %.3f]");
		show_summary(json_object_get(arm, "difference"), "macro_auroc",
			     "%+.3f ± %.3f [%+.3f, %+.3f]");
		putchar('\n');
	}
}

/* Of several seeds the first stands for its arm. */
static bool is_shown(const json_t *names, size_t at)
{
	const char *own = json_string_value(json_array_get(names, at));
	size_t n = lineup_base(own);
	for (size_t i = 0; i < at; i++) {
		const char *other = json_string_value(json_array_get(names, i));
		if (own[n] && lineup_base(other) == n && !memcmp(own, other, n))
			return false;
	}
	return true;
}

/* Does hiding the lead that attention favours hurt more than hiding any? */
static void show_faithfulness(struct artifact *a, const json_t *names)
{
	const json_t *name;
	size_t i;
	int n_shown = 0;
	json_array_foreach(names, i, name)
	{
		json_t *arm = shown_arm(a, "arm", json_string_value(name), NULL, json_string_value(name));
		const json_t *f = json_object_get(
				     json_object_get(json_object_get(arm, "attention"), "faithfulness"),
				     "cross"),
			     *more = json_object_get(f, "most_minus_any");
		if (json_is_number(json_object_get(more, "low"))) {
			if (!n_shown++)
				printf("\ntrue class's logit falls by   most attended lead hidden   any lead "
				       "  "
				       "difference\n");
			printf("%-29s %+25.3f %+10.3f   %+.3f [%+.3f, %+.3f]\n", json_string_value(name),
			       json_number_value(json_object_get(json_object_get(f, "most"), "value")),
			       json_number_value(json_object_get(json_object_get(f, "any"), "value")),
			       json_number_value(json_object_get(more, "value")),
			       json_number_value(json_object_get(more, "low")),
			       json_number_value(json_object_get(more, "high")));
		}
		json_decref(arm);
	}
}

static void show_legacy(struct artifact *a, const json_t *names)
{
	json_t *rows = json_array();
	const json_t *name;
	size_t i;
	json_array_foreach(names, i, name)
	{
		char *label = die_printf("%s, per segment", json_string_value(name));
		json_array_append_new(rows, shown_arm(a, "arm", json_string_value(name), "legacy", label));
		free(label);
	}
	legacy_print(artifact_get_attribute(a, "classes"), rows);
	json_decref(rows);
}

static void show(struct artifact *a)
{
	json_t *rows = json_array(), *trained = json_array();
	const json_t *name;
	size_t i;
	json_array_foreach(artifact_get_attribute(a, "arms"), i, name)
	{
		const char *key = json_string_value(name);
		if (!is_shown(artifact_get_attribute(a, "arms"), i))
			continue;
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
	show_seeds(artifact_get_attribute(a, "seeds"));
	show_faithfulness(a, artifact_get_attribute(a, "arms"));
	show_legacy(a, artifact_get_attribute(a, "arms"));
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
