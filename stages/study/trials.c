#include "stages/study/trials.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "common/progress.h"
#include "stages/shared/pathless.h"
#include "stages/study/measures.h"

static const char *const floors[] = {"convolutions", "convolutions_dim", "random", "scale"};
enum { FLOORS = sizeof floors / sizeof *floors };

/* ---- what is told ---- */

static void add_failure(struct trials *c, char *line)
{
	char *stage = strchr(line, '\t'), *message = stage ? strchr(stage + 1, '\t') : NULL;
	if (!message)
		die("study.told: expected a cell, its stage and why it failed, tabs between, got '%.80s'; "
		    "remove "
		    "it and run again",
		    line);
	*stage++ = *message++ = 0;
	char *reason = pathless_text(message);
	json_array_append_new(c->failed,
			      json_pack("{s:s, s:s, s:s}", "name", line, "stage", stage, "reason", reason));
	free(reason);
}

static void read_told(struct trials *c)
{
	struct error e = {0};
	char *text = die_strdup(c->run->told), *rest = NULL, *line = strtok_r(text, "\n", &rest);
	c->study = line ? json_read(line, strlen(line), "study.told", &e) : NULL;
	if (!c->study)
		die("%s", line ? error_text(&e)
			       : "study.told is empty; run 'make -f pipeline.mk study STUDY=FILE'");
	while ((line = strtok_r(NULL, "\n", &rest)))
		add_failure(c, line);
	free(text);

	c->settings = json_object_get(c->study, "settings");
	c->seeds = json_object_get(c->study, "seeds");
	c->folds = json_object_get(c->study, "folds");
	c->n_settings = json_array_size(c->settings);
	c->n_seeds = json_array_size(c->seeds);
	c->n_folds = json_array_size(c->folds);
	for (size_t i = 0; i < c->n_settings; i++)
		if (!strcmp(trials_name(c, i), json_text(c->study, "baseline")))
			c->baseline = i;
}

const char *trials_name(const struct trials *c, size_t setting)
{
	return json_text(json_array_get(c->settings, setting), "name");
}

/* ---- numbers of a cell ---- */

enum kind { SIGNALS, VIEWS, MODEL, EMBEDDINGS, SCORES, KINDS };
static const char *const kinds[KINDS] = {"signals", "views", "model", "embeddings", "scores"};

/* What a cell has come to, by id; NULL: it could not be made. */
struct inputs {
	const char *id[KINDS];
};

static void put(json_t *values, const char *name, double x)
{
	if (isfinite(x))
		json_object_set_new(values, name, json_real(x));
}

static json_t *metrics_of(const struct artifact *scores, const char *row)
{
	struct artifact_value v = artifact_get(scores, "metrics", row, strlen(row));
	struct error e = {0};
	json_t *all = v.bytes ? json_read(v.bytes, v.n_bytes, "metrics", &e) : NULL;
	if (v.bytes && !all)
		die("scores %s: %s", artifact_id(scores), error_text(&e));
	json_t *test = json_incref(json_object_get(all, "test"));
	json_decref(all);
	return test;
}

static double number_of(const json_t *object, const char *name)
{
	const json_t *x = json_object_get(object, name);
	return json_is_number(x) ? json_number_value(x) : (double)NAN;
}

static void add_scores(json_t *values, const struct artifact *scores)
{
	json_t *trained = metrics_of(scores, "trained"), *class,
	       *by_class = json_object_get(trained, "class");
	const char *name;
	put(values, "auroc", number_of(trained, "macro_auroc"));
	json_object_foreach (by_class, name, class) {
		char *key = die_printf("class:%s", name);
		put(values, key, number_of(class, "auroc"));
		free(key);
	}
	for (int k = 0; k < FLOORS; k++) {
		json_t *floor = metrics_of(scores, floors[k]), *floor_class = json_object_get(floor, "class");
		char *key = die_printf("over:%s", floors[k]);
		put(values, key, number_of(trained, "macro_auroc") - number_of(floor, "macro_auroc"));
		free(key);
		json_object_foreach (by_class, name, class) {
			key = die_printf("class_over:%s:%s", floors[k], name);
			put(values, key,
			    number_of(class, "auroc") -
				    number_of(json_object_get(floor_class, name), "auroc"));
			free(key);
		}
		json_decref(floor);
	}
	json_decref(trained);
}

static void add_model(json_t *values, const struct artifact *model)
{
	const json_t *shapes = artifact_get_attribute(model, "tensors"), *shape, *edge;
	const char *name;
	size_t i;
	double weights = 0;
	json_object_foreach ((json_t *)shapes, name, shape) {
		double n = 1;
		json_array_foreach (shape, i, edge)
			n *= json_number_value(edge);
		weights += n;
	}
	json_object_set_new(values, "model", json_string(artifact_id(model)));
	put(values, "weights", weights);
	put(values, "records", json_number_value(artifact_get_attribute(model, "records")));
	if (artifact_get_attribute(model, "batch"))
		put(values, "batch", json_number_value(artifact_get_attribute(model, "batch")));
	measures_training(values, model);
}

static json_t *values_of(struct trials *c, struct artifact *const *in)
{
	const json_t *classes = in[SCORES] ? artifact_get_attribute(in[SCORES], "classes") : NULL;
	if (!classes)
		return NULL;
	if (!c->classes)
		c->classes = json_deep_copy(classes);
	json_t *values = json_object();
	add_scores(values, in[SCORES]);
	if (in[MODEL])
		add_model(values, in[MODEL]);
	if (in[EMBEDDINGS])
		measures_space(values, in[EMBEDDINGS]);
	if (in[SIGNALS] && in[VIEWS])
		measures_shortcuts(values, in[SIGNALS], in[VIEWS]);
	return values;
}

/* Its artifacts are open for this cell alone: thousands of cells would be more files than a process may
 * have. */
static json_t *read_cell(struct trials *c, const struct inputs *in)
{
	struct artifact *open[KINDS];
	for (int k = 0; k < KINDS; k++)
		open[k] = in->id[k] ? artifact_open(in->id[k], kinds[k]) : NULL;
	json_t *values = values_of(c, open);
	for (int k = 0; k < KINDS; k++)
		artifact_close(open[k]);
	return values;
}

/* ---- all cells ---- */

static size_t index_of(const json_t *list, long long number)
{
	size_t i;
	const json_t *item;
	json_array_foreach (list, i, item)
		if (json_integer_value(item) == number)
			break;
	return i;
}

/* Inputs are called SETTING@SEED-FOLD/KIND. */
static void sort_inputs(const struct trials *c, struct inputs *all)
{
	json_t *place = json_object();
	for (size_t s = 0; s < c->n_settings; s++)
		json_object_set_new(place, trials_name(c, s), json_integer((json_int_t)s));

	for (int i = 0; i < c->run->n_inputs; i++) {
		char *name = die_strdup(c->run->input_name[i]), *kind = strrchr(name, '/'),
		     *at = strrchr(name, '@');
		long long seed = 0, fold = 0;
		if (!kind || !at || sscanf(at, "@%lld-%lld/", &seed, &fold) != 2)
			die("an input is called %s; expected SETTING@SEED-FOLD/KIND", name);
		*at = 0;
		const json_t *s = json_object_get(place, name);
		size_t j = index_of(c->seeds, seed), k = index_of(c->folds, fold);
		if (!s || j == c->n_seeds || k == c->n_folds)
			die("input %s is of no cell of the study", c->run->input_name[i]);
		struct inputs *own = &all[((size_t)json_integer_value(s) * c->n_seeds + j) * c->n_folds + k];
		int what = 0;
		while (what < KINDS && strcmp(kind + 1, kinds[what]) != 0)
			what++;
		if (what == KINDS)
			die("input %s is of no kind that a study reads", c->run->input_name[i]);
		own->id[what] = *c->run->input_id[i] ? c->run->input_id[i] : NULL;
		free(name);
	}
	json_decref(place);
}

void trials_open(struct trials *c, struct stage_run *run)
{
	*c = (struct trials){.run = run, .failed = json_array(), .notes = json_array()};
	read_told(c);
	size_t n = c->n_settings * c->n_seeds * c->n_folds, n_baseline = 0;
	struct inputs *all = die_calloc(n + 1, sizeof *all);
	struct progress progress;
	sort_inputs(c, all);
	c->values = die_calloc(n + 1, sizeof *c->values);
	progress_start(&progress, "study", "cells", n);
	for (size_t i = 0; i < n; i++) {
		c->values[i] = read_cell(c, &all[i]);
		c->n_there += c->values[i] != NULL;
		n_baseline += c->values[i] && i / (c->n_seeds * c->n_folds) == c->baseline;
		progress_step(&progress, 1);
	}
	progress_end(&progress);
	free(all);
	if (!n_baseline)
		die("no cell of the baseline, %s, has scores, so nothing can be compared; see the messages "
		    "above",
		    trials_name(c, c->baseline));
}

void trials_close(struct trials *c)
{
	for (size_t i = 0; i < c->n_settings * c->n_seeds * c->n_folds; i++)
		json_decref(c->values[i]);
	free(c->values);
	json_decref(c->study);
	json_decref(c->failed);
	json_decref(c->notes);
	json_decref(c->classes);
}

void trials_values(double *x, const struct trials *c, size_t setting, const char *name)
{
	size_t n = c->n_seeds * c->n_folds;
	for (size_t i = 0; i < n; i++)
		x[i] = number_of(c->values[setting * n + i], name);
}

static bool has_score(const struct trials *c, size_t setting, size_t i)
{
	return isfinite(number_of(c->values[setting * c->n_seeds * c->n_folds + i], "auroc"));
}

size_t trials_cells(const struct trials *c, size_t setting)
{
	size_t n = 0;
	for (size_t i = 0; i < c->n_seeds * c->n_folds; i++)
		n += has_score(c, setting, i);
	return n;
}

size_t trials_most_cells(const struct trials *c)
{
	size_t n = 0;
	for (size_t i = 0; i < c->n_seeds * c->n_folds; i++) {
		bool is_there = false;
		for (size_t s = 0; s < c->n_settings; s++)
			is_there |= has_score(c, s, i);
		n += is_there;
	}
	return n;
}

/* What values of that name can be; others can be anything. */
static void bounds_of(const char *name, double *least, double *most)
{
	static const struct {
		const char *prefix;
		double least, most;
	} bounded[] = {{"auroc", 0, 1},	       {"class:", 0, 1}, {"over:", -1, 1},
		       {"class_over:", -1, 1}, {"top1", 0, 1},	 {"found:", 0, 1}};
	*least = -INFINITY;
	*most = INFINITY;
	for (size_t k = 0; k < sizeof bounded / sizeof *bounded; k++)
		if (!strncmp(bounded[k].prefix, name, strlen(bounded[k].prefix))) {
			*least = bounded[k].least;
			*most = bounded[k].most;
		}
}

struct crossed trials_mean(const struct trials *c, size_t setting, const char *name)
{
	double *x = die_malloc(c->n_seeds * c->n_folds * sizeof *x), least, most;
	trials_values(x, c, setting, name);
	bounds_of(name, &least, &most);
	struct crossed out = crossed_within(crossed_mean(x, c->n_seeds, c->n_folds), least, most);
	free(x);
	return out;
}

struct crossed trials_difference(const struct trials *c, size_t setting, size_t minus, const char *name)
{
	size_t n = c->n_seeds * c->n_folds;
	double *x = die_malloc(2 * n * sizeof *x), least, most;
	trials_values(x, c, setting, name);
	trials_values(x + n, c, minus, name);
	for (size_t i = 0; i < n; i++)
		x[i] -= x[n + i];
	bounds_of(name, &least, &most);
	struct crossed out =
		crossed_within(crossed_mean(x, c->n_seeds, c->n_folds), least - most, most - least);
	free(x);
	return out;
}
