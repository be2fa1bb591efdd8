/* Judge all arms of a comparison on the same records.
 *
 * Reads a list: of each arm `signals`, `views`, `model`, `embeddings` and `scores`, as far as they could be
 * made, and what it is told of them (told.h). Writes `evaluation`: a JSON per arm with its metrics, intervals
 * and differences, measures and maps of the embedding spaces, attention over classes, the floors, which is
 * best, and the sentences a reader must know.
 *
 * The story: find the arms and the records of fold 10 that all have (arms.h); compare them (scoring.h) and
 * say which is best (ranking.h, verdict.h); look into each one's space (embedding_space.h), attention
 * (attention.h) and training (training_summary.h); write. docs/report.md.
 */
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "common/progress.h"
#include "numbers/contract.h"
#include "stages/evaluate/attention.h"
#include "stages/shared/legacy.h"
#include "stages/shared/arm.h"
#include "stages/evaluate/embedding_space.h"
#include "stages/evaluate/training_summary.h"
#include "stages/evaluate/terminal.h"
#include "stages/evaluate/arms.h"
#include "stages/evaluate/verdict.h"
#include "stages/evaluate/ranking.h"
#include "stages/evaluate/sight.h"
#include "stages/evaluate/scoring.h"
#include "statistics/student.h"
#include "store/stage.h"

/* ---- space, attention, training ---- */

static void put_map(struct arms *s, int table, const struct arm *a, const char *what, const float *map,
		    size_t n)
{
	char *key = die_printf("%s %s", a->name, what);
	if (map)
		artifact_put_floats(s->run->output, table, key, strlen(key), map, 2 * n);
	free(key);
}

static void note_constant(struct arms *s, const struct arm *a, const json_t *space, const char *whose)
{
	if (json_is_true(json_object_get(space, "is_constant")))
		arms_note(s,
			  json_sprintf("Arm %s: %s embedding is the same for all records of fold 10, so its "
				       "space has no measures and its maps are points.",
				       a->name, whose));
}

static void add_space(struct arms *s, struct arm *a, int map_table, struct progress *progress)
{
	const struct params *p = s->run->params;
	struct embedding_space_options o = {.n_classes = (int)json_array_size(s->groups),
					    .n_records = (size_t)params_int(p, "map_records"),
					    .seed = (uint64_t)params_int(p, "seed"),
					    .perplexity = params_float(p, "perplexity"),
					    .n_steps = (int)params_int(p, "map_steps")};
	struct embedding_space_maps maps[ARM_ENCODERS] = {0};

	for (int k = 0; k < ARM_ENCODERS; k++) {
		if (a->embeddings &&
		    artifact_has_table(a->embeddings, k == ARM_RANDOM ? "random" : "embedding"))
			json_object_set_new(
				a->json, k == ARM_TRAINED ? "space" : "random_space",
				embedding_space_measure(&maps[k], a->embeddings, k == ARM_RANDOM, &o));
		progress_step(progress, 1);
	}

	note_constant(s, a, json_object_get(a->json, "space"), "its");
	note_constant(s, a, json_object_get(a->json, "random_space"), "its untrained encoder's");
	put_map(s, map_table, a, "pca", maps[ARM_TRAINED].pca, maps[ARM_TRAINED].n); /* ascending keys */
	put_map(s, map_table, a, "random-pca", maps[ARM_RANDOM].pca, maps[ARM_RANDOM].n);
	put_map(s, map_table, a, "random-tsne", maps[ARM_RANDOM].tsne, maps[ARM_RANDOM].n);
	put_map(s, map_table, a, "tsne", maps[ARM_TRAINED].tsne, maps[ARM_TRAINED].n);
	for (int k = 0; k < ARM_ENCODERS; k++)
		embedding_space_release(&maps[k]);
}

static void add_rest(struct arms *s, struct arm *a)
{
	static const char *const of_scores[] = {"label_fraction", "from", "features"};
	const json_t *definition = json_object_get(json_object_get(s->told, a->name), "definition");
	if (definition)
		json_object_set_new(a->json, "definition", json_deep_copy(definition));
	for (size_t i = 0; i < sizeof of_scores / sizeof *of_scores; i++) {
		const json_t *value = artifact_get_attribute(a->scores, of_scores[i]);
		if (value)
			json_object_set_new(a->json, of_scores[i], json_deep_copy(value));
	}

	/* What was trained on the labels has a training of its own, and shares encoder and maps with
	 * the arm it began as. */
	bool is_tuned = json_object_get(a->json, "from");
	json_t *training = training_summary(is_tuned ? a->scores : a->model);
	if (!is_tuned)
		attention_add(s, a);
	if (training)
		json_object_set_new(a->json, "training", training);

	json_t *legacy = legacy_read(a->scores);
	if (legacy)
		json_object_set_new(a->json, "legacy", legacy);
}

/* ---- writing ---- */

static void put_json(struct arms *s, int table, const char *key, const json_t *value)
{
	size_t n;
	char *text = json_canonical(value, &n);
	artifact_put(s->run->output, table, key, strlen(key), text, n);
	free(text);
}

static void put_floor(struct arms *s, int table, const char *key, json_t *floor)
{
	if (floor)
		put_json(s, table, key, floor);
	json_decref(floor);
}

static void put_floors(struct arms *s)
{
	int table = artifact_table(s->run->output, "floor"); /* ascending keys */
	for (int k = ARM_CONVOLUTIONS; k <= ARM_CONVOLUTIONS_DIM; k++)
		put_floor(s, table, arms_states[k], scoring_convolutions(s, k));
	if (s->is_cross == arms_crossed(s->floor)) /* else it is of other records */
		put_floor(s, table, "majority", arms_metrics(s->floor, "majority"));
	put_floor(s, table, "scale", scoring_scale(s));
}

/* Two or three seeds say little of how much seeds differ. */
static void note_few(struct arms *s, const json_t *all)
{
	const json_t *arm;
	const char *name;
	size_t fewest = 0;
	json_object_foreach ((json_t *)all, name, arm) {
		size_t n = json_array_size(json_object_get(arm, "arms"));
		fewest = n > 1 && (!fewest || n < fewest) ? n : fewest;
	}
	if (fewest && fewest < 4)
		arms_note(s, json_sprintf(
				     "How much seeds differ is known from %zu of them: intervals hold "
				     "%.1f times the seeds' standard error, and only more seeds narrow them.",
				     fewest, student_t975((double)fewest - 1)));
}

static void put_over_seeds(struct arms *s)
{
	json_t *all = scoring_over_seeds(s), *arm;
	const char *name;
	int table = json_object_size(all) ? artifact_table(s->run->output, "over_seeds") : 0;
	json_object_foreach (all, name, arm)
		put_json(s, table, name, arm);
	note_few(s, all);
	json_decref(all);
}

static void put_rankings(struct arms *s)
{
	static const int metrics[] = {COMPARISON_MACRO_AUROC, COMPARISON_MACRO_F1}; /* ascending keys */
	int table = artifact_table(s->run->output, "ranking");
	for (size_t k = 0; k < sizeof metrics / sizeof *metrics; k++) {
		json_t *ranking = ranking_of(s, metrics[k]);
		json_object_set_new(ranking, "sentences", verdict_of(ranking));
		put_json(s, table, comparison_names[metrics[k]], ranking);
		json_decref(ranking);
	}
}

static void put_header(struct arms *s)
{
	struct artifact_writer *w = s->run->output;
	json_t *names = json_array(), *list = json_array(), *arm;
	size_t at;

	for (int i = 0; i < s->n_arms; i++)
		json_array_append(list, s->arm[i].json);
	json_t *ordered = arm_order(list), *seeds = arm_seeds(ordered);
	json_array_foreach (ordered, at, arm)
		json_array_append(names, json_object_get(arm, "name"));
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
	artifact_attribute(w, "left_out", s->left_out);
	artifact_attribute(w, "notes", s->notes);
	artifact_attribute(w, "records", json_integer((json_int_t)s->n));
	artifact_attribute(w, "patients", json_integer((json_int_t)arms_patients(s)));
	artifact_attribute(w, "evaluation", json_string(s->is_cross ? "cross" : "folds"));
	artifact_attribute(w, "resamples", json_integer(params_int(s->run->params, "bootstrap")));

	const json_t *counts = artifact_get_attribute(s->floor, "records");
	if (counts)
		artifact_attribute(w, "counts", json_deep_copy(counts));
}

static void run(struct stage_run *r)
{
	struct arms s;
	struct progress p;

	arms_open(&s, r);
	progress_start(&p, "evaluate", "parts", 1 + ARM_ENCODERS * (uint64_t)s.n_arms);
	scoring_compare(&s);
	progress_step(&p, 1);
	r->output = artifact_create("evaluation", 1);

	int table = artifact_table(r->output, "arm"), map_table = artifact_table(r->output, "map");
	for (int i = 0; i < s.n_arms; i++) {
		struct arm *a = &s.arm[i];
		scoring_add(&s, a);
		add_rest(&s, a);
		sight_add(a);
		if (!json_object_get(a->json, "from"))
			add_space(&s, a, map_table, &p);
		json_object_set_new(a->json, "group", json_string(arm_group(a->json)));
		put_json(&s, table, a->name, a->json);
	}

	progress_end(&p);
	sight_note(&s);
	put_floors(&s);
	put_over_seeds(&s);
	put_rankings(&s);
	put_header(&s);
	arms_close(&s);
}

static const struct param params[] = {
	{"bootstrap", PARAM_INT, .min = 0, .max = 100000, .otherwise = "1000",
	 .help = "patient-cluster resamples of the tested records behind the intervals"},
	{"seed", PARAM_INT, .min = 0, .max = 4294967295, .otherwise = "1",
	 .help = "of the resamples, k-means and Hopkins"},
	{"perplexity", PARAM_FLOAT, .min = 1, .max = 1000, .otherwise = "30",
	 .help = "of t-SNE; lowered for few records"},
	{"map_steps", PARAM_INT, .min = 1, .max = 100000, .otherwise = "1000", .help = "steps of t-SNE"},
	{"map_records", PARAM_INT, .min = 4, .max = 20000, .otherwise = "1000",
	 .help = "records of fold 10 in maps and measures of the space; time grows with the square"},
	{0}};

static const struct stage stage = {.name = "evaluate",
				   .purpose = "Judge all arms on the same records",
				   .inputs = INPUTS(),
				   .has_list = true,
				   .has_told = true,
				   .kind = "evaluation",
				   .params = params,
				   .run = run,
				   .numerics = contract_host,
				   .show = terminal_print};

int main(int argc, char **argv)
{
	return stage_main(&stage, argc, argv);
}
