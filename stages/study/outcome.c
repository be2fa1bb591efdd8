#include "stages/study/outcome.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "ecg/shortcuts.h"

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

/* The setting of the greatest mean; of none the baseline. */
static size_t best_of(const struct trials *c)
{
	size_t best = c->baseline;
	double most = -1;
	for (size_t s = 0; s < c->n_settings; s++) {
		struct crossed own = trials_mean(c, s, "auroc");
		if (own.n_rows && own.mean > most) {
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
	json_int_t n = 0;
	for (size_t i = 0; i < c->n_seeds * c->n_folds; i++)
		n += c->values[s * c->n_seeds * c->n_folds + i] != NULL;

	json_t *out =
		json_pack("{s:O, s:O, s:O, s:I, s:o, s:o, s:o}", "name", json_object_get(own, "name"),
			  "label", json_object_get(own, "label"), "set", json_object_get(own, "set"), "cells",
			  n, "over", over_of(c, s), "class", classes_of(c, s), "measures", measures_of(c, s));
	put(out, "auroc", trials_mean(c, s, "auroc"));
	if (s != best)
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
	double x = auroc_of(*(json_t *const *)a), y = auroc_of(*(json_t *const *)b);
	return x != y ? (x < y) - (x > y)
		      : strcmp(json_text(*(json_t *const *)a, "name"),
			       json_text(*(json_t *const *)b, "name"));
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

json_t *outcome_floors(const struct trials *c)
{
	static const char *const floors[] = {"convolutions", "convolutions_dim", "scale"};
	json_t *out = json_object();
	struct crossed own = trials_mean(c, c->baseline, "auroc");
	for (size_t k = 0; k < sizeof floors / sizeof *floors; k++) {
		char *name = die_printf("over:%s", floors[k]);
		struct crossed over = trials_mean(c, c->baseline, name);
		if (over.n_rows)
			json_object_set_new(out, floors[k],
					    json_pack("{s:{s:{s:f}}}", "interval", "macro_auroc", "value",
						      own.mean - over.mean));
		free(name);
	}
	return out;
}

/* ---- what goes with a gain ---- */

/* Ranks from 1, equals their mean. */
static void rank(double *out, const double *x, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double below = 0, same = 0;
		for (size_t j = 0; j < n; j++) {
			below += x[j] < x[i];
			same += x[j] == x[i];
		}
		out[i] = below + (same + 1) / 2;
	}
}

/* Spearman's; NAN where one of them does not vary. */
static double rank_correlation(const double *x, const double *y, size_t n)
{
	double *rx = die_malloc((2 * n + 1) * sizeof *rx), *ry = rx + n, mean = ((double)n + 1) / 2, xx = 0,
	       yy = 0, xy = 0;
	rank(rx, x, n);
	rank(ry, y, n);
	for (size_t i = 0; i < n; i++) {
		xx += (rx[i] - mean) * (rx[i] - mean);
		yy += (ry[i] - mean) * (ry[i] - mean);
		xy += (rx[i] - mean) * (ry[i] - mean);
	}
	free(rx);
	return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : (double)NAN;
}

json_t *outcome_why(const json_t *settings)
{
	json_t *out = json_array(), *measure;
	const char *name;
	size_t n_all = json_array_size(settings), i;
	double *x = die_malloc((2 * n_all + 1) * sizeof *x), *y = x + n_all;
	const json_t *first = json_object_get(json_array_get(settings, 0), "measures"), *s;

	json_object_foreach ((json_t *)first, name, measure) {
		size_t n = 0;
		json_array_foreach (settings, i, s) {
			const json_t *own = json_object_get(
				json_object_get(json_object_get(s, "measures"), name), "value");
			if (!own || !json_object_get(s, "auroc"))
				continue;
			x[n] = json_number_value(own);
			y[n++] = json_number_value(json_object_get(json_object_get(s, "auroc"), "value"));
		}
		double r = rank_correlation(x, y, n);
		if (n >= OUTCOME_LEAST && isfinite(r))
			json_array_append_new(out, json_pack("{s:s, s:f, s:i}", "measure", name,
							     "correlation", r, "settings", (int)n));
	}
	free(x);
	return out;
}
