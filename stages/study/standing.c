#include "stages/study/standing.h"

#include <stdbool.h>
#include <stdlib.h>

#include "common/die.h"
#include "common/json.h"
#include "report/cells.h"
#include "report/forest.h"
#include "report/page.h"
#include "stages/study/setting.h"

enum { NAMED = 8 }; /* of those that cannot be told apart */

static bool is_apart(const json_t *x)
{
	return json_object_get(x, "low") && (json_number(x, "low") > 0 || json_number(x, "high") < 0);
}

/* ---- the verdict ---- */

static void add_estimate(struct text *t, const json_t *x, const char *over)
{
	if (!x)
		return;
	text_add(t, "; ");
	text_number(t, json_object_get(x, "value"), 3, 1);
	if (json_object_get(x, "low")) {
		text_add(t, " ");
		text_range(t, x, 3, 1);
	}
	text_add(t, " over ");
	text_escape(t, over);
}

static bool is_alike(const json_t *s)
{
	const json_t *behind = json_object_get(s, "behind");
	return setting_is_complete(s) && behind && !is_apart(behind);
}

static bool is_incomplete(const json_t *s)
{
	return !setting_is_complete(s);
}

/* ": A; B; and 3 more" of those of which it holds. */
static void add_names(struct text *t, const json_t *settings, bool (*holds)(const json_t *))
{
	size_t i, n = 0;
	const json_t *s;
	json_array_foreach (settings, i, s)
		if (holds(s) && n++ < NAMED) {
			char *name = setting_name(s);
			text_add(t, n > 1 ? "; " : ": ");
			text_escape(t, name);
			free(name);
		}
	if (n > NAMED)
		text_add(t, "; and %zu more", n - NAMED);
}

static size_t count(const json_t *settings, bool (*holds)(const json_t *))
{
	size_t i, n = 0;
	const json_t *s;
	json_array_foreach (settings, i, s)
		n += holds(s);
	return n;
}

void standing_verdict(struct text *t, const json_t *settings, const char *baseline)
{
	const json_t *best = json_array_get(settings, 0);
	size_t n_complete = count(settings, setting_is_complete), n_alike = count(settings, is_alike);
	text_add(t, "<p class=verdict>");
	if (n_complete) {
		text_add(t, "Best of %zu: ", n_complete);
		text_escape(t, json_text(best, "label"));
		text_add(t, "; macro AUROC %.3f", json_number(setting_value(best, NULL, "auroc"), "value"));
		add_estimate(t, setting_value(best, "over", "baseline"), baseline);
		add_estimate(t, setting_value(best, "over", "convolutions"), "random convolutions");
		text_add(t, ".");
	} else
		text_add(t, "No setting has all the cells that others have, so none is called the best.");
	if (n_alike) {
		text_add(t, " %zu cannot be told from it", n_alike);
		add_names(t, settings, is_alike);
		text_add(t, ".");
	}
	text_add(t, "</p>\n");
	if (n_complete && n_complete < json_array_size(settings)) {
		text_add(t, "<p class=note>Not in this, for cells are missing");
		add_names(t, settings, is_incomplete);
		text_add(t, ".</p>\n");
	}
}

/* ---- the table ---- */

static void write_setting(struct text *t, const json_t *s)
{
	static const struct {
		const char *group, *key;
	} columns[] = {{"over", "baseline"},
		       {NULL, "behind"},
		       {"over", "convolutions"},
		       {"over", "convolutions_dim"},
		       {"over", "random"}};
	setting_row(t, s);
	cells_value(t, json_object_get(s, "auroc"), 0);
	for (size_t k = 0; k < sizeof columns / sizeof *columns; k++) {
		const json_t *x = setting_value(s, columns[k].group, columns[k].key);
		if (k == 0 && is_apart(x))
			cells_value_bold(t, x, 1);
		else
			cells_value(t, x, 1);
	}
	cells_number(t, json_object_get(s, "width"), 0);
	cells_number(t, json_object_get(s, "weights"), 0);
	cells_number(t, json_object_get(s, "records"), 0);
	cells_number(t, json_object_get(s, "cells"), 0);
	text_add(t, "</tr>\n");
}

void standing_table(struct text *t, const json_t *settings, const char *baseline)
{
	static const char *const titles[] = {"setting", "macro AUROC", NULL};
	size_t i;
	const json_t *s;
	cells_begin(t, titles);
	text_add(t, "<th>over ");
	text_name(t, baseline);
	text_add(t, "</th><th>best<br>minus it</th><th>over random<br>convolutions</th><th>over as<br>wide "
		    "ones</th><th>over<br>untrained</th><th>width</th><th>weights</th><th>records</th>"
		    "<th>cells</th></tr></thead><tbody>\n");
	json_array_foreach (settings, i, s)
		write_setting(t, s);
	cells_end(t);
}

/* ---- forests ---- */

/* The settings as report/forest.h takes arms. */
static json_t *as_arms(const json_t *settings, const char *group, const char *key, const char *metric)
{
	json_t *out = json_array();
	size_t i;
	const json_t *s;
	json_array_foreach (settings, i, s) {
		const json_t *x = setting_value(s, group, key);
		char *name = x ? setting_name(s) : NULL;
		if (x)
			json_array_append_new(out, json_pack("{s:s, s:s, s:{s:{s:O}}}", "name", name, "group",
							     "", "trained", "interval", metric, x));
		free(name);
	}
	return out;
}

static void write_forest(struct text *t, const json_t *arms, const json_t *floors, const char *metric,
			 const char *title, const char *caption)
{
	if (json_array_size(arms)) {
		page_figure(t, caption, NULL);
		forest_draw(t, arms, floors, metric, title);
		page_figure_end(t);
	}
}

void standing_forests(struct text *t, const json_t *all, const char *baseline)
{
	const json_t *settings = json_object_get(all, "settings");
	json_t *arms = as_arms(settings, NULL, "auroc", "macro_auroc"), *none = json_object(),
	       *differences = as_arms(settings, "over", "baseline", "difference");
	char *title = die_printf("macro AUROC minus that of %s", baseline);
	page_grid_broad(t);
	write_forest(t, arms, json_object_get(all, "floors"), "macro_auroc", "macro AUROC",
		     "Macro AUROC, mean over seeds and rotations, and the floors");
	write_forest(t, differences, none, "difference", title, "Difference to the baseline, paired");
	page_grid_end(t);
	free(title);
	json_decref(differences);
	json_decref(none);
	json_decref(arms);
}
