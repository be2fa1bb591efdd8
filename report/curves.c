#include "report/curves.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "report/svg.h"

struct series {
	size_t n;
	double *x, *y;
};

static void release(struct series *s)
{
	free(s->x);
	free(s->y);
}

static size_t index_of(const json_t *columns, const char *name)
{
	size_t i;
	const json_t *v;
	json_array_foreach (columns, i, v)
		if (!strcmp(json_string_value(v), name))
			return i + 1;
	return 0;
}

/* Column of the history that a training on labels has: its rows are epochs, not steps. */
static size_t epochs_of(const json_t *arm)
{
	const json_t *columns = json_object_get(json_object_get(arm, "training"), "columns");
	return index_of(columns, "auroc") ? index_of(columns, "epoch") : 0;
}

/* A column of the history over the steps, or epochs; none: n is 0. */
static struct series series_of(const json_t *arm, const char *column)
{
	const json_t *training = json_object_get(arm, "training"), *row,
		     *history = json_object_get(training, "history");
	size_t i, k = index_of(json_object_get(training, "columns"), column), n = json_array_size(history);
	struct series s = {k ? n : 0, die_calloc(n + 1, sizeof *s.x), die_calloc(n + 1, sizeof *s.y)};

	json_array_foreach (history, i, row) {
		s.x[i] = json_number_value(json_array_get(row, epochs_of(arm)));
		s.y[i] = json_number_value(json_array_get(row, k));
	}

	/* RankMe is known from the end of the first epoch on; before, its column holds 0, as the
	 * loss of epoch 0 does. */
	for (i = 0; i < s.n && s.y[i] == 0 && strcmp(column, "top1") != 0; i++)
		;
	s.n -= i;
	memmove(s.x, s.x + i, s.n * sizeof *s.x);
	memmove(s.y, s.y + i, s.n * sizeof *s.y);

	return s;
}

static void cover(struct svg_plot *p, const struct series *s)
{
	for (size_t i = 0; i < s->n; i++) {
		p->x1 = s->x[i] > p->x1 ? s->x[i] : p->x1;
		p->y0 = s->y[i] < p->y0 ? s->y[i] : p->y0;
		p->y1 = s->y[i] > p->y1 ? s->y[i] : p->y1;
	}
}

/* The guide of arm i and what it is, unless an arm before it ends at the same level. */
static void add_guide(struct text *t, const struct svg_plot *p, const json_t *arms, size_t i,
		      const char *guide)
{
	const json_t *arm = json_array_get(arms, i);
	const char *made = json_string_value(json_object_get(json_object_get(arm, "training"), "chance"));
	struct series g = series_of(arm, guide);
	bool is_new = g.n > 0;

	for (size_t k = 0; k < i && is_new; k++) {
		struct series other = series_of(json_array_get(arms, k), guide);
		is_new = !other.n || fabs(other.y[other.n - 1] - g.y[g.n - 1]) > 1e-3;
		release(&other);
	}

	if (is_new) {
		char words[128];
		snprintf(words, sizeof words, "%.40s%snothing is told apart", made ? made : "",
			 made ? ": " : "");
		svg_line(t, p, g.x, g.y, g.n, "faint");
		svg_words(t, p, g.x[g.n - 1], g.y[g.n - 1] + (p->y1 - p->y0) * .02, "end", words);
	}

	release(&g);
}

static const char *title_of(const char *column)
{
	static const char *const titles[][2] = {
		{"top1", "share found"}, {"rankme", "directions"}, {"auroc", "macro AUROC"}};
	for (size_t k = 0; k < sizeof titles / sizeof *titles; k++)
		if (!strcmp(titles[k][0], column))
			return titles[k][1];
	return column;
}

/* From 0, or from what tells nothing apart, and so that one point, or many equal ones, have a place. */
static void set_ends(struct svg_plot *p, const char *column, const char *guide)
{
	double least = strcmp(column, "auroc") ? 0 : .5;
	p->y0 = p->y0 > least ? least : p->y0;
	p->y1 += guide ? .05 * (p->y1 - p->y0) : 0; /* room for its words */
	svg_round(&p->y0, &p->y1);
	p->x1 = p->x1 < 1 ? 1 : p->x1;
}

int curves_history(struct text *t, const json_t *arms, const char *column, const char *guide)
{
	struct svg_plot p = {.width = 400,
			     .height = 260,
			     .y0 = 1e300,
			     .y1 = -1e300,
			     .is_whole = 1,
			     .x_title = "step",
			     .y_title = title_of(column)};

	if (epochs_of(json_array_get(arms, 0)))
		p.x_title = "epoch";
	const json_t *arm;
	size_t i;
	int n = 0;

	json_array_foreach (arms, i, arm) {
		struct series s = series_of(arm, column), g = series_of(arm, guide ? guide : "");
		cover(&p, &s);
		cover(&p, &g);
		n += s.n > 0;
		release(&s);
		release(&g);
	}

	if (!n)
		return 0;
	set_ends(&p, column, guide);
	svg_begin(t, &p, column);

	json_array_foreach (arms, i, arm) {
		char class_name[8];
		struct series s = series_of(arm, column);
		snprintf(class_name, sizeof class_name, "s%zu", i % SVG_SERIES);
		if (s.n > 1)
			svg_line(t, &p, s.x, s.y, s.n, class_name);
		else if (s.n)
			svg_dot(t, &p, s.x[0], s.y[0], 3.5, class_name);
		release(&s);
	}

	for (i = 0; guide && i < json_array_size(arms); i++) /* over the lines, to be read */
		add_guide(t, &p, arms, i, guide);
	svg_end(t);
	return n;
}

static void diagonal(struct text *t, const struct svg_plot *p)
{
	static const double ends[] = {0, 1};
	svg_line(t, p, ends, ends, 2, "faint");
}

void curves_roc(struct text *t, const json_t *arm, const json_t *classes)
{
	struct svg_plot p = {.width = 260,
			     .height = 260,
			     .x1 = 1,
			     .y1 = 1,
			     .x_title = "false positive rate",
			     .y_title = "true positive rate"};
	const json_t *roc = json_object_get(json_object_get(arm, "trained"), "roc"), *name, *point;
	size_t i, k;

	svg_begin(t, &p, "ROC");
	diagonal(t, &p);
	json_array_foreach (classes, i, name) {
		const json_t *curve = json_object_get(roc, json_string_value(name));
		size_t n = json_array_size(curve);
		double *x = die_calloc(2 * n + 1, sizeof *x);
		char class_name[8];
		json_array_foreach (curve, k, point) {
			x[k] = json_number_value(json_array_get(point, 0));
			x[n + k] = json_number_value(json_array_get(point, 1));
		}
		snprintf(class_name, sizeof class_name, "s%zu", i % SVG_SERIES);
		if (n)
			svg_line(t, &p, x, x + n, n, class_name);
		free(x);
	}

	svg_end(t);
}

void curves_reliability(struct text *t, const json_t *arm, const char *class_name)
{
	struct svg_plot p = {.width = 260,
			     .height = 260,
			     .x1 = 1,
			     .y1 = 1,
			     .x_title = "predicted probability",
			     .y_title = "share that was right"};
	const json_t *bins = json_object_get(json_object_get(arm, "trained"), "reliability"), *bin;
	double total = 0, x[64], y[64];
	size_t i, n = 0;

	json_array_foreach (bins, i, bin)
		total += json_number_value(json_object_get(bin, "n"));
	svg_begin(t, &p, "reliability");
	diagonal(t, &p);

	json_array_foreach (bins, i, bin) {
		double count = json_number_value(json_object_get(bin, "n"));
		if (!(count > 0) || n == 64)
			continue;
		x[n] = json_number_value(json_object_get(bin, "confidence"));
		y[n] = json_number_value(json_object_get(bin, "hits"));
		svg_dot(t, &p, x[n], y[n], 2 + 12 * sqrt(count / total), class_name);
		n++;
	}

	svg_line(t, &p, x, y, n, class_name);
	svg_end(t);
}
