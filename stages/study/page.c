#include "stages/study/page.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "report/axis.h"
#include "report/cells.h"
#include "report/forest.h"
#include "report/page.h"
#include "report/svg.h"
#include "stages/study/times.h"

static const struct {
	const char *key, *title, *meaning;
} measures[] = {
	{"top1", "top-1", "training's last epoch: share of views whose nearest candidate was their partner"},
	{"rankme", "RankMe", "directions that the tested records' embeddings use"},
	{"alignment", "alignment",
	 "mean squared distance of a record's two views, centred, of unit length: 0 equal, 2 "
	 "strangers"},
	{"uniformity", "uniformity", "-4 spread evenly, 0 all equal"},
	{"found:mean", "found by mean",
	 "share of partners found without a network, by the leads' means alone"},
	{"found:variance", "by variance", "... by the leads' deviations"},
	{"found:spectrum", "by spectrum", "... by each lead's shares of energy in octaves"},
	{"found:rate", "by rate", "... by the rate of the beats"}};
enum { MEASURES = sizeof measures / sizeof *measures };

static const json_t *value_of(const json_t *setting, const char *group, const char *name)
{
	return json_object_get(group ? json_object_get(setting, group) : setting, name);
}

static void write_label(struct text *t, const json_t *setting)
{
	text_add(t, "<tr><td>");
	text_name(t, json_text(setting, "label"));
	text_add(t, "</td>");
}

/* ---- what is best ---- */

static void add_estimate(struct text *t, const json_t *x)
{
	text_add(t, "%+.3f", json_number(x, "value"));
	if (json_object_get(x, "low"))
		text_add(t, " [%+.3f, %+.3f]", json_number(x, "low"), json_number(x, "high"));
}

static bool is_apart(const json_t *x)
{
	return json_object_get(x, "low") && (json_number(x, "low") > 0 || json_number(x, "high") < 0);
}

static void write_verdict(struct text *t, const json_t *settings, const char *baseline)
{
	const json_t *best = json_array_get(settings, 0), *over = json_object_get(best, "over"), *s, *x;
	size_t i, n_alike = 0;
	if (!json_object_get(best, "auroc"))
		return;
	text_add(t, "<p class=verdict>Best of %zu: ", json_array_size(settings));
	text_escape(t, json_text(best, "label"));
	text_add(t, ", macro AUROC %.3f", json_number(json_object_get(best, "auroc"), "value"));
	if ((x = json_object_get(over, "baseline"))) {
		text_add(t, ", ");
		add_estimate(t, x);
		text_add(t, " over ");
		text_escape(t, baseline);
	}
	if ((x = json_object_get(over, "convolutions"))) {
		text_add(t, ", ");
		add_estimate(t, x);
		text_add(t, " over random convolutions");
	}
	text_add(t, ".");
	json_array_foreach (settings, i, s)
		n_alike += json_object_get(s, "behind") && !is_apart(json_object_get(s, "behind"));
	if (n_alike)
		text_add(t, " %zu cannot be told from it:", n_alike);
	size_t n_named = 0;
	json_array_foreach (settings, i, s)
		if (json_object_get(s, "behind") && !is_apart(json_object_get(s, "behind")) && n_named < 8) {
			text_add(t, n_named++ ? ", " : " ");
			text_escape(t, json_text(s, "label"));
		}
	text_add(t, "%s</p>\n", n_alike > n_named ? ", ..." : n_alike ? "." : "");
}

static void write_table(struct text *t, const json_t *settings, const char *baseline)
{
	static const char *const titles[] = {"setting", "macro AUROC", NULL};
	static const struct {
		const char *group, *key, *title;
	} columns[] = {{NULL, "behind", "best minus it"},
		       {"over", "convolutions", "over random convolutions"},
		       {"over", "convolutions_dim", "over as wide ones"},
		       {"over", "random", "over untrained"}};
	size_t i;
	const json_t *s;
	cells_begin(t, titles);
	text_add(t, "<th>over ");
	text_escape(t, baseline);
	text_add(t, "</th>");
	for (size_t k = 0; k < sizeof columns / sizeof *columns; k++)
		text_add(t, "<th>%s</th>", columns[k].title);
	text_add(t, "<th>width</th><th>weights</th><th>records</th><th>cells</th></tr></thead><tbody>\n");
	json_array_foreach (settings, i, s) {
		const json_t *over = value_of(s, "over", "baseline");
		write_label(t, s);
		cells_value(t, json_object_get(s, "auroc"), 0);
		text_add(t, is_apart(over) ? "<td><b>" : "<td>");
		if (over)
			add_estimate(t, over);
		else
			text_add(t, "&ndash;");
		text_add(t, is_apart(over) ? "</b></td>" : "</td>");
		for (size_t k = 0; k < sizeof columns / sizeof *columns; k++)
			cells_value(t, value_of(s, columns[k].group, columns[k].key), 1);
		cells_number(t, json_object_get(s, "width"), 0);
		cells_number(t, json_object_get(s, "weights"), 0);
		cells_number(t, json_object_get(s, "records"), 0);
		text_add(t, "<td>%.0f</td></tr>\n", json_number(s, "cells"));
	}
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
		const json_t *x = value_of(s, group, key);
		if (x)
			json_array_append_new(out,
					      json_pack("{s:s, s:{s:{s:O}}}", "name", json_text(s, "label"),
							"trained", "interval", metric, x));
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

static void write_forests(struct text *t, const json_t *all, const char *baseline)
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

/* ---- axes ---- */

static void write_axes(struct text *t, const json_t *curves)
{
	size_t i, k;
	const json_t *curve, *series;
	if (!json_array_size(curves))
		return;
	page_section(t, "axes", "Along the axes");
	page_say(t, "Bars are 95 % intervals of a point's own mean; rotations are common to all points, so "
		    "differences "
		    "between points are better known than the bars say. Dashed: a power law, where one can "
		    "be told.");
	page_grid_broad(t);
	json_array_foreach (curves, i, curve) {
		json_t *labels = json_array();
		const json_t *all = json_object_get(curve, "series");
		page_figure(t, json_text(curve, "axis"), NULL);
		json_array_foreach (all, k, series)
			json_array_append(labels, json_object_get(series, "label"));
		if (json_array_size(all) > 1)
			page_legend(t, labels);
		axis_draw(t, curve, "macro AUROC");
		json_array_foreach (all, k, series) {
			const char *label = json_text(series, "label"),
				   *words = json_text(json_object_get(series, "fit"), "sentence");
			char *whole = die_printf("%s%s%s", label, *label ? ": " : "", words);
			page_say(t, *words ? whole : NULL);
			free(whole);
		}
		page_figure_end(t);
		json_decref(labels);
	}
	page_grid_end(t);
}

/* ---- why ---- */

static void write_measures(struct text *t, const json_t *settings)
{
	static const char *const titles[] = {"setting", "macro AUROC", NULL};
	size_t i;
	const json_t *s;
	cells_begin(t, titles);
	for (int k = 0; k < MEASURES; k++)
		text_add(t, "<th>%s</th>", measures[k].title);
	text_add(t, "</tr></thead><tbody>\n");
	json_array_foreach (settings, i, s) {
		write_label(t, s);
		cells_number(t, json_object_get(json_object_get(s, "auroc"), "value"), 3);
		for (int k = 0; k < MEASURES; k++)
			cells_number(t, json_object_get(value_of(s, "measures", measures[k].key), "value"),
				     k == 1 ? 1 : 3);
		text_add(t, "</tr>\n");
	}
	cells_end(t);
}

/* A dot per setting: what is measured, and its score. */
static void write_scatter(struct text *t, const json_t *settings, int measure)
{
	struct svg_plot p = {
		.width = 260, .height = 220, .x_title = measures[measure].title, .y_title = "macro AUROC"};
	size_t i, n = 0;
	const json_t *s;
	p.x0 = p.y0 = INFINITY;
	p.x1 = p.y1 = -INFINITY;
	for (int pass = 0; pass < 2; pass++) {
		json_array_foreach (settings, i, s) {
			const json_t *x = value_of(s, "measures", measures[measure].key),
				     *y = json_object_get(s, "auroc");
			if (!x || !y)
				continue;
			if (pass) {
				svg_dot(t, &p, json_number(x, "value"), json_number(y, "value"), 4, "s0");
				continue;
			}
			n++;
			p.x0 = fmin(p.x0, json_number(x, "value"));
			p.x1 = fmax(p.x1, json_number(x, "value"));
			p.y0 = fmin(p.y0, json_number(y, "value"));
			p.y1 = fmax(p.y1, json_number(y, "value"));
		}
		if (!n)
			return;
		if (!pass) {
			svg_round(&p.x0, &p.x1);
			svg_round(&p.y0, &p.y1);
			page_figure(t, measures[measure].title, NULL);
			svg_begin(t, &p, measures[measure].title);
		}
	}
	svg_end(t);
	page_figure_end(t);
}

static void write_why(struct text *t, const json_t *all)
{
	const json_t *settings = json_object_get(all, "settings"), *why = json_object_get(all, "why"), *w;
	size_t i;
	page_section(t, "why", "What goes with a gain");
	json_array_foreach (why, i, w) {
		const char *title = json_text(w, "measure");
		for (int k = 0; k < MEASURES; k++)
			title = strcmp(measures[k].key, json_text(w, "measure")) ? title : measures[k].title;
		text_add(t, "%s%s %+.2f",
			 i ? ", " : "<p>Rank correlation with macro AUROC over the settings: ", title,
			 json_number(w, "correlation"));
	}
	if (json_array_size(why))
		text_add(t,
			 ". Of %.0f settings, so one beyond &plusmn;%.2f is no chance at 95 %%, taken alone; "
			 "and what "
			 "goes together need not be a cause.</p>\n",
			 json_number(json_array_get(why, 0), "settings"),
			 1.96 / sqrt(json_number(json_array_get(why, 0), "settings") - 1));
	write_measures(t, settings);
	page_details(t, "What these are, and each against the score");
	text_add(t, "<ul>\n");
	for (int k = 0; k < MEASURES; k++)
		text_add(t, "<li>%s: %s.</li>\n", measures[k].title, measures[k].meaning);
	text_add(t, "</ul>\n");
	page_grid(t);
	for (int k = 0; k < MEASURES; k++)
		write_scatter(t, settings, k);
	page_grid_end(t);
	page_details_end(t);
}

/* ---- classes, settings, method ---- */

static void write_classes(struct text *t, const json_t *all, const char *key, int is_signed,
			  const char *title)
{
	static const char *const titles[] = {"setting", NULL};
	const json_t *classes = json_object_get(all, "classes"), *s, *class;
	size_t i, k;
	page_heading(t, title);
	cells_begin(t, titles);
	cells_heads(t, "", classes);
	text_add(t, "</tr></thead><tbody>\n");
	json_array_foreach (json_object_get(all, "settings"), i, s) {
		write_label(t, s);
		json_array_foreach (classes, k, class)
			cells_value(t, json_object_get(value_of(s, "class", json_string_value(class)), key),
				    is_signed);
		text_add(t, "</tr>\n");
	}
	cells_end(t);
}

static void write_definitions(struct text *t, const json_t *settings)
{
	static const char *const titles[] = {"setting", "<span class=words>sets</span>", NULL};
	size_t i;
	const json_t *s;
	cells_begin(t, titles);
	text_add(t, "</tr></thead><tbody>\n");
	json_array_foreach (settings, i, s) {
		const char *name;
		json_t *value;
		int n = 0;
		write_label(t, s);
		text_add(t, "<td class=words><code>");
		json_object_foreach (json_object_get(s, "set"), name, value) {
			char *text = json_canonical(value, NULL);
			text_add(t, n++ ? " " : "");
			text_escape(t, name);
			text_add(t, "=");
			text_escape(t, text);
			free(text);
		}
		text_add(t, "</code></td></tr>\n");
	}
	cells_end(t);
}

static void write_method(struct text *t, const json_t *study)
{
	double n_folds = (double)json_array_size(json_object_get(study, "folds"));
	text_add(t,
		 "<p>A cell is a setting, a seed and a rotation: one fold is tested, the one before it "
		 "chooses what the "
		 "probe leaves open, the others train; fold 10 takes no part in any of it. All is trained "
		 "again in "
		 "each. Values are means over seeds (rows) and rotations (columns), differences are taken "
		 "within equal "
		 "seed and rotation. With R, C and E the mean squares of rows, columns and rest of the "
		 "two-way analysis "
		 "of variance and <i>a</i>, <i>b</i> their numbers, the standard error is &radic;((E + "
		 "max(0, R &minus; "
		 "E) + max(0, C &minus; E)) / <i>ab</i>): what another draw of seeds and of rotations would "
		 "change. "
		 "Intervals are Student's t with Satterthwaite's degrees of freedom, 95 %%.</p>\n"
		 "<p>Rotations share most of their training records, so they differ less than as many new "
		 "datasets "
		 "would. Nadeau and Bengio's correction (2003) makes the rotations' part of an error %.1f "
		 "times as "
		 "large.</p>\n",
		 n_folds > 2 ? sqrt(1 + n_folds / (9 - 2)) : 1);
}

void page_study(struct text *t, const json_t *all)
{
	const json_t *study = json_object_get(all, "study"), *settings = json_object_get(all, "settings"),
		     *note;
	const char *baseline = json_text(study, "baseline"), *question = json_text(study, "question");
	size_t i;
	page_begin(t, *question ? question : "Study");
	text_add(
		t,
		"<p class=lead>%zu settings, %zu seeds, %zu rotations: %.0f cells, each trained again.</p>\n",
		json_array_size(settings), json_array_size(json_object_get(study, "seeds")),
		json_array_size(json_object_get(study, "folds")), json_number(all, "cells"));
	write_verdict(t, settings, baseline);
	json_array_foreach (json_object_get(all, "notes"), i, note) {
		text_add(t, "<p class=note>");
		text_escape(t, json_string_value(note));
		text_add(t, "</p>\n");
	}
	text_add(t,
		 "<nav><a href=#settings>Settings</a>%s<a href=#why>Why</a><a href=#classes>Classes</a><a "
		 "href=#times>Times</a><a href=#method>Method</a></nav>\n",
		 json_array_size(json_object_get(all, "curves")) ? "<a href=#axes>Axes</a>" : "");

	page_section(t, "settings", "Settings, best first");
	write_table(t, settings, baseline);
	write_forests(t, all, baseline);
	write_axes(t, json_object_get(all, "curves"));
	write_why(t, all);
	page_section(t, "classes", "Each class");
	write_classes(t, all, "auroc", 0, "AUROC");
	write_classes(t, all, "over_baseline", 1, "Over the baseline");
	page_section(t, "times", "Times");
	text_add(t, "%s", times_place);
	page_section(t, "method", "Method, and what each setting sets");
	write_method(t, study);
	write_definitions(t, settings);
	page_end(t);
}
