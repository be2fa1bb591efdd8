#include "stages/study/outcome.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "ecg/shortcuts.h"
#include "stages/study/setting.h"

json_t *outcome_estimate(const struct crossed *c)
{
	if (!c->n_rows)
		return NULL;
	json_t *out = json_pack("{s:f, s:i, s:i}", "value", c->mean, "seeds", (int)c->n_rows, "folds",
				(int)c->n_columns);
	if (isfinite(c->error)) {
		json_object_set_new(out, "error", json_real(c->error));
		json_object_set_new(out, "low", json_real(c->low));
		json_object_set_new(out, "high", json_real(c->high));
	}
	return out;
}

static void put(json_t *object, const char *key, struct crossed c)
{
	json_t *estimate = outcome_estimate(&c);
	if (estimate)
		json_object_set_new(object, key, estimate);
}

static void put_mean(json_t *object, const struct trials *c, size_t setting, const char *name)
{
	struct crossed mean = trials_mean(c, setting, name);
	if (mean.n_rows)
		json_object_set_new(object, name, json_real(mean.mean));
}

static json_t *over_of(const struct trials *c, size_t s)
{
	static const char *const floors[] = {"convolutions", "convolutions_dim", "random", "scale"};
	json_t *over = json_object();
	if (s != c->baseline)
		put(over, "baseline", trials_difference(c, s, c->baseline, "auroc"));
	for (size_t k = 0; k < sizeof floors / sizeof *floors; k++) {
		char *name = die_printf("over:%s", floors[k]);
		put(over, floors[k], trials_mean(c, s, name));
		free(name);
	}
	return over;
}

static json_t *classes_of(const struct trials *c, size_t s)
{
	json_t *out = json_object();
	size_t i;
	const json_t *class;
	json_array_foreach (c->classes, i, class) {
		json_t *own = json_object();
		char *name = die_printf("class:%s", json_string_value(class)),
		     *over = die_printf("class_over:convolutions:%s", json_string_value(class));
		put(own, "auroc", trials_mean(c, s, name));
		if (s != c->baseline)
			put(own, "over_baseline", trials_difference(c, s, c->baseline, name));
		put(own, "over_convolutions", trials_mean(c, s, over));
		json_object_set_new(out, json_string_value(class), own);
		free(over);
		free(name);
	}
	return out;
}

static json_t *measures_of(const struct trials *c, size_t s)
{
	static const char *const names[] = {"top1", "rankme", "alignment", "uniformity"};
	json_t *out = json_object();
	for (size_t k = 0; k < sizeof names / sizeof *names; k++)
		put(out, names[k], trials_mean(c, s, names[k]));
	for (int k = 0; k < SHORTCUTS; k++) {
		char *name = die_printf("found:%s", shortcuts_names[k]);
		put(out, name, trials_mean(c, s, name));
		free(name);
	}
	return out;
}

static json_t *models_of(const struct trials *c, size_t s)
{
	json_t *out = json_array();
	for (size_t i = 0; i < c->n_seeds * c->n_folds; i++)
		json_append_once(out, json_object_get(c->values[s * c->n_seeds * c->n_folds + i], "model"));
	return out;
}

static bool is_complete(const struct trials *c, size_t s)
{
	size_t n = trials_cells(c, s);
	return n && n == trials_most_cells(c);
}

/* The complete setting of the greatest mean: over other cells a mean is no match for it. n_settings: there is
 * none. */
static size_t best_of(const struct trials *c)
{
	size_t best = c->n_settings;
	double most = -1;
	for (size_t s = 0; s < c->n_settings; s++) {
		struct crossed own = trials_mean(c, s, "auroc");
		if (is_complete(c, s) && own.mean > most) {
			most = own.mean;
			best = s;
		}
	}
	return best;
}

static json_t *setting_of(const struct trials *c, size_t s, size_t best)
{
	static const char *const means[] = {"width", "weights", "records", "batch"};
	const json_t *own = json_array_get(c->settings, s);
	json_t *out = json_pack("{s:O, s:O, s:O, s:I, s:I, s:b, s:o, s:o, s:o}", "name",
				json_object_get(own, "name"), "label", json_object_get(own, "label"), "set",
				json_object_get(own, "set"), "cells", (json_int_t)trials_cells(c, s), "of",
				(json_int_t)trials_most_cells(c), "is_complete", is_complete(c, s), "over",
				over_of(c, s), "class", classes_of(c, s), "measures", measures_of(c, s));
	put(out, "auroc", trials_mean(c, s, "auroc"));
	if (best < c->n_settings && s != best)
		put(out, "behind", trials_difference(c, best, s, "auroc"));
	json_object_set_new(out, "models", models_of(c, s));
	for (size_t k = 0; k < sizeof means / sizeof *means; k++)
		put_mean(out, c, s, means[k]);
	return out;
}

static double auroc_of(const json_t *setting)
{
	const json_t *value = json_object_get(json_object_get(setting, "auroc"), "value");
	return value ? json_number_value(value) : -1;
}

static int best_first(const void *a, const void *b)
{
	const json_t *p = *(json_t *const *)a, *q = *(json_t *const *)b;
	bool is_p = setting_is_complete(p), is_q = setting_is_complete(q);
	double x = auroc_of(p), y = auroc_of(q);
	return is_p != is_q ? is_q - is_p
	       : x != y	    ? (x < y) - (x > y)
			    : strcmp(json_text(p, "name"), json_text(q, "name"));
}

json_t *outcome_settings(const struct trials *c)
{
	json_t **all = die_malloc((c->n_settings + 1) * sizeof *all), *out = json_array();
	size_t best = best_of(c);
	for (size_t s = 0; s < c->n_settings; s++)
		all[s] = setting_of(c, s, best);
	qsort(all, c->n_settings, sizeof(json_t *), best_first);
	for (size_t s = 0; s < c->n_settings; s++)
		json_array_append_new(out, all[s]);
	free(all);
	return out;
}

/* Mean of a floor of the baseline, over the cells that have both. */
static struct crossed floor_of(const struct trials *c, const char *name)
{
	size_t n = c->n_seeds * c->n_folds;
	double *x = die_malloc(2 * n * sizeof *x);
	char *over = die_printf("over:%s", name);
	trials_values(x, c, c->baseline, "auroc");
	trials_values(x + n, c, c->baseline, over);
	for (size_t i = 0; i < n; i++)
		x[i] -= x[n + i];
	struct crossed out = crossed_mean(x, c->n_seeds, c->n_folds);
	free(over);
	free(x);
	return out;
}

json_t *outcome_floors(const struct trials *c)
{
	static const char *const floors[] = {"convolutions", "convolutions_dim", "scale"};
	json_t *out = json_object();
	for (size_t k = 0; k < sizeof floors / sizeof *floors; k++) {
		struct crossed own = floor_of(c, floors[k]);
		if (own.n_rows)
			json_object_set_new(
				out, floors[k],
				json_pack("{s:{s:{s:f}}}", "interval", "macro_auroc", "value", own.mean));
	}
	return out;
}
