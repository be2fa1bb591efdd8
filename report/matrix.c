#include "report/matrix.h"

#include <math.h>
#include <stdio.h>

#include "report/cells.h"
#include "report/svg.h"

static void cell(struct text *t, double share, const char *words)
{
	double alpha = share < 0 ? 0 : share > 1 ? 1 : share;
	text_add(t, "<td style=\"background:rgba(var(--heat),%.2f)\">%s</td>", .7 * alpha, words);
}

static void heading(struct text *t, const char *corner, const json_t *names)
{
	text_add(t, "<div class=scroll><table class=matrix><thead><tr><th>%s</th>", corner);
	cells_heads(t, "", names);
	text_add(t, "</tr></thead><tbody>\n");
}

void matrix_confusion(struct text *t, const json_t *counts, const json_t *classes)
{
	static const char *const outcomes[] = {"true −", "false +", "false −", "true +"};
	json_t *names = json_array();
	const json_t *row, *x;
	size_t i, k;
	int is_square = json_array_size(json_array_get(counts, 0)) == json_array_size(classes);

	for (k = 0; k < 4; k++)
		json_array_append_new(names, json_string(outcomes[k]));
	heading(t, is_square ? "true" : "class", is_square ? classes : names);

	json_array_foreach (counts, i, row) {
		double sum = 0;
		char words[32];
		text_add(t, "<tr><td class=name>");
		text_name(t, json_string_value(json_array_get(classes, i)));
		text_add(t, "</td>");
		json_array_foreach (row, k, x)
			sum += json_number_value(x);
		json_array_foreach (row, k, x) {
			snprintf(words, sizeof words, "%.0f", json_number_value(x));
			cell(t, sum > 0 ? json_number_value(x) / sum : 0, words);
		}
		text_add(t, "</tr>\n");
	}

	text_add(t, "</tbody></table></div>\n");
	json_decref(names);
}

static void lead_row(struct text *t, const char *name, const json_t *row, size_t n_leads)
{
	const json_t *lead = json_object_get(row, "lead"), *x;
	size_t i;
	text_add(t, "<tr><td class=name>");
	text_name(t, name);
	text_add(t, " <small>(%.0f)</small></td>", json_number_value(json_object_get(row, "n")));
	json_array_foreach (lead, i, x) {
		char words[32];
		double share = json_number_value(x);
		snprintf(words, sizeof words, "%.1f", 100 * share);
		cell(t, (share * (double)n_leads - .5) / 1.5, words);
	}
	text_add(t, "</tr>\n");
}

void matrix_leads(struct text *t, const json_t *attention, const json_t *classes,
		  const char *const *lead_names, size_t n_leads)
{
	json_t *names = json_array();
	const json_t *name;
	size_t i;

	for (i = 0; i < n_leads; i++)
		json_array_append_new(names, json_string(lead_names[i]));
	heading(t, "% of attention", names);
	lead_row(t, "all", attention, n_leads);

	json_array_foreach (classes, i, name) {
		const char *key = json_string_value(name);
		const json_t *row = json_object_get(json_object_get(attention, "class"), key);
		if (row)
			lead_row(t, key, row, n_leads);
	}

	text_add(t, "</tbody></table></div>\n");
	json_decref(names);
}

void matrix_scale(struct text *t, const char *least, const char *most)
{
	text_add(t, "<p class=scale>");
	text_escape(t, least);
	text_add(t, " <i></i> ");
	text_escape(t, most);
	text_add(t, "</p>\n");
}

void matrix_points(struct text *t, const float *xy, const json_t *labels, size_t n, const char *label)
{
	struct svg_plot p = {.width = 260, .height = 260, .is_bare = 1};
	double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};

	for (size_t i = 0; i < 2 * n; i++) {
		low[i % 2] = (double)xy[i] < low[i % 2] ? (double)xy[i] : low[i % 2];
		high[i % 2] = (double)xy[i] > high[i % 2] ? (double)xy[i] : high[i % 2];
	}

	for (int k = 0; k < 2; k++) {
		double margin = n && high[k] > low[k] ? .04 * (high[k] - low[k]) : 1;
		low[k] = (n ? low[k] : 0) - margin;
		high[k] = (n ? high[k] : 0) + margin;
	}

	p.x0 = low[0];
	p.x1 = high[0];
	p.y0 = low[1];
	p.y1 = high[1];
	svg_begin(t, &p, label);

	for (size_t i = 0; i < n; i++) {
		char class_name[8];
		snprintf(class_name, sizeof class_name, "s%d",
			 (int)json_integer_value(json_array_get(labels, i)) % SVG_SERIES);
		svg_dot(t, &p, (double)xy[2 * i], (double)xy[2 * i + 1], n > 400 ? 1.6 : 2.6, class_name);
	}

	svg_end(t);
}
