#include "stages/study/why.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "report/cells.h"
#include "report/page.h"
#include "report/svg.h"
#include "stages/study/setting.h"
#include "statistics/rank_correlation.h"

static const struct {
	const char *key, *title, *meaning;
} measures[] = {
	{"top1", "top-1",
	 "training's last epoch: share of views whose nearest candidate was their partner; none of "
	 "objectives that contrast no views"},
	{"rankme", "RankMe", "directions that the tested records' embeddings use"},
	{"alignment", "alignment",
	 "mean squared distance of a record's two views, centred, of unit length: 0 equal, 2 strangers"},
	{"uniformity", "uniformity", "-4 spread evenly, 0 all equal"},
	{"found:mean", "found by mean",
	 "share of partners found without a network, by the leads' means alone, or by minus them, as "
	 "the two halves of a standardised record have"},
	{"found:variance", "by variance",
	 "... by the leads' deviations, or by what these leave of a record's"},
	{"found:spectrum", "by spectrum", "... by each lead's shares of energy in octaves"},
	{"found:rate", "by rate", "... by the rate of the beats"}};
enum { MEASURES = sizeof measures / sizeof *measures };

/* How many values there are. */
static size_t distinct(const double *x, size_t n)
{
	size_t n_distinct = 0;
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;
		while (x[k] != x[i])
			k++;
		n_distinct += k == i;
	}
	return n_distinct;
}

/* x, y [as many as there are settings]: a measure and the score of those that are complete and have both. */
static size_t pairs(double *x, double *y, const json_t *settings, const char *measure)
{
	size_t n = 0, i;
	const json_t *s;
	json_array_foreach (settings, i, s) {
		const json_t *own = setting_value(s, "measures", measure);
		if (!own || !setting_is_complete(s))
			continue;
		x[n] = json_number(own, "value");
		y[n++] = json_number(setting_value(s, NULL, "auroc"), "value");
	}
	return n;
}

json_t *why_correlations(const json_t *settings)
{
	json_t *out = json_array();
	size_t n_all = json_array_size(settings);
	double *x = die_malloc((2 * n_all + 1) * sizeof *x), *y = x + n_all;
	for (int k = 0; k < MEASURES; k++) {
		size_t n = pairs(x, y, settings, measures[k].key), of_x = distinct(x, n),
		       of_y = distinct(y, n), least = of_x < of_y ? of_x : of_y;
		if (least < WHY_LEAST)
			continue;
		json_array_append_new(out, json_pack("{s:s, s:f, s:i, s:i, s:f}", "measure", measures[k].key,
						     "correlation", rank_correlation(x, y, n), "settings",
						     (int)n, "distinct", (int)least, "limit",
						     1.96 / sqrt((double)least - 1)));
	}
	free(x);
	return out;
}

/* ---- on the page ---- */

static const char *title_of(const char *measure)
{
	int k = 0;
	while (strcmp(measures[k].key, measure) != 0)
		k++;
	return measures[k].title;
}

static void write_correlations(struct text *t, const json_t *why)
{
	static const char *const titles[] = {"measure",		 "rank correlation", "settings",
					     "different values", "chance reaches",   NULL};
	size_t i;
	const json_t *w;
	if (!json_array_size(why)) {
		page_say(t, "Too few complete settings differ in what is measured for a rank correlation.");
		return;
	}
	page_say(t, "Rank correlation with macro AUROC over the complete settings. Settings with the same "
		    "value count once in what chance reaches (95 %, each taken alone); and what goes "
		    "together need not be a cause.");
	cells_begin(t, titles);
	text_add(t, "</tr></thead><tbody>\n");
	json_array_foreach (why, i, w) {
		double r = json_number(w, "correlation"), limit = json_number(w, "limit");
		const char *mark = fabs(r) > limit ? "b" : "span";
		text_add(t, "<tr><td>%s</td><td><%s>", title_of(json_text(w, "measure")), mark);
		text_number(t, json_object_get(w, "correlation"), 2, 1);
		text_add(t, "</%s></td>", mark);
		cells_number(t, json_object_get(w, "settings"), 0);
		cells_number(t, json_object_get(w, "distinct"), 0);
		text_add(t, "<td>&plusmn;%.2f</td></tr>\n", limit);
	}
	cells_end(t);
}

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
		setting_row(t, s);
		cells_number(t, json_object_get(json_object_get(s, "auroc"), "value"), 3);
		for (int k = 0; k < MEASURES; k++)
			cells_number(t,
				     json_object_get(setting_value(s, "measures", measures[k].key), "value"),
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
			const json_t *x = setting_value(s, "measures", measures[measure].key),
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

void why_write(struct text *t, const json_t *settings, const json_t *why)
{
	write_correlations(t, why);
	page_heading(t, "What was measured");
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
