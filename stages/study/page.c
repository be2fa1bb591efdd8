#include "stages/study/page.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "report/axis.h"
#include "report/cells.h"
#include "report/page.h"
#include "stages/study/setting.h"
#include "stages/study/standing.h"
#include "stages/study/times.h"
#include "stages/study/why.h"

/* ---- axes ---- */

static bool has_rings(const json_t *curve)
{
	size_t i, k;
	const json_t *series, *point;
	json_array_foreach (json_object_get(curve, "series"), i, series)
		json_array_foreach (json_object_get(series, "points"), k, point)
			if (!json_is_true(json_object_get(point, "is_complete")))
				return true;
	return false;
}

static void write_curve(struct text *t, const json_t *curve)
{
	const json_t *all = json_object_get(curve, "series"), *series, *first;
	json_t *labels = json_array();
	size_t k;
	page_figure(t, json_text(curve, "axis"), NULL);
	json_array_foreach (all, k, series)
		json_array_append(labels, json_object_get(series, "label"));
	if (json_array_size(all) > 1)
		page_legend(t, labels);
	axis_draw(t, curve, "macro AUROC");

	first = json_array_get(json_object_get(json_array_get(all, 0), "points"), 0);
	if (json_object_get(first, "below")) {
		char *words = die_printf("Under each: its %s.", json_text(curve, "axis"));
		page_say(t, words);
		free(words);
	}
	if (has_rings(curve))
		page_say(t, "Rings are means over other cells than the rest: some are missing.");
	json_array_foreach (all, k, series) {
		const char *label = json_text(series, "label"),
			   *words = json_text(json_object_get(series, "fit"), "sentence");
		char *whole = die_printf("%s%s%s", label, *label ? ": " : "", words);
		page_say(t, *words ? whole : NULL);
		free(whole);
	}
	page_say(t, json_string_value(json_object_get(curve, "left_out")));
	page_figure_end(t);
	json_decref(labels);
}

static void write_axes(struct text *t, const json_t *curves)
{
	size_t i;
	const json_t *curve;
	if (!json_array_size(curves))
		return;
	page_section(t, "axes", "Along the axes");
	page_say(t, "Bars are 95 % intervals of a point's own mean; rotations are common to all points, so "
		    "differences between points are better known than the bars say. Dashed: a power law, "
		    "where one can be told.");
	page_grid_broad(t);
	json_array_foreach (curves, i, curve)
		write_curve(t, curve);
	page_grid_end(t);
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
		setting_row(t, s);
		json_array_foreach (classes, k, class)
			cells_value(t,
				    json_object_get(setting_value(s, "class", json_string_value(class)), key),
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
		setting_row(t, s);
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

/* Of a rotation's records one fold of nine is tested, one chooses, seven train; with J rotations the
 * variance of their mean is (1/J + 1/7) / (1/J) times as large as if they shared none. */
static void write_overlap(struct text *t, const json_t *settings)
{
	double n_folds = json_number(setting_value(json_array_get(settings, 0), NULL, "auroc"), "folds");
	if (n_folds < 2)
		return;
	text_add(
		t,
		"<p>Rotations share most of their training records, so they differ less than as many new "
		"datasets would. Nadeau and Bengio's correction (2003) makes the rotations' part of an error "
		"&radic;(1 + %.0f &middot; 1/7) = %.2f times as large with the %.0f that are there; it is "
		"not "
		"applied.</p>\n",
		n_folds, sqrt(1 + n_folds / 7), n_folds);
}

static void write_method(struct text *t, const json_t *settings)
{
	text_add(t,
		 "<p>A cell is a setting, a seed and a rotation: one fold is tested, the one before it "
		 "chooses what the probe leaves open, the others train; fold 10 takes no part in any of it. "
		 "All is trained again in each. Values are means over seeds (rows) and rotations (columns), "
		 "differences are taken within equal seed and rotation, over the cells that both settings "
		 "have. With R, C and E the mean squares of rows, columns and rest of the two-way analysis "
		 "of variance and <i>a</i>, <i>b</i> their numbers, the standard error is &radic;((E + "
		 "max(0, R &minus; E) + max(0, C &minus; E)) / <i>ab</i>): what another draw of seeds and of "
		 "rotations would change. Intervals are Student's t with Satterthwaite's degrees of freedom, "
		 "95 %%; those of an AUROC or a share end at 0 and 1, of a difference at &minus;1 and 1, "
		 "which neither can pass.</p>\n");
	write_overlap(t, settings);
	text_add(t,
		 "<p>A setting that lacks cells others have is incomplete: its mean is over other cells, so "
		 "it stands behind the complete ones, and neither the best nor the correlations count "
		 "it.</p>\n");
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
	standing_verdict(t, settings, baseline);
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
	standing_table(t, settings, baseline);
	standing_forests(t, all, baseline);
	write_axes(t, json_object_get(all, "curves"));
	page_section(t, "why", "What goes with a gain");
	why_write(t, settings, json_object_get(all, "why"));
	page_section(t, "classes", "Each class");
	write_classes(t, all, "auroc", 0, "AUROC");
	write_classes(t, all, "over_baseline", 1, "Over the baseline");
	page_section(t, "times", "Times");
	text_add(t, "%s", times_place);
	page_section(t, "method", "Method, and what each setting sets");
	write_method(t, settings);
	write_definitions(t, settings);
	page_end(t);
}
