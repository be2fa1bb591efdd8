#include "report/axis.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/die.h"
#include "common/json.h"
#include "report/interval.h"
#include "report/svg.h"

static bool read_point(struct interval *v, const json_t *point)
{
	return interval_read(v, json_object_get(point, "auroc"), "macro_auroc");
}

static void cover(struct svg_plot *p, const json_t *curve)
{
	size_t i, k;
	const json_t *series, *point;
	p->x0 = p->y0 = INFINITY;
	p->x1 = p->y1 = -INFINITY;
	json_array_foreach (json_object_get(curve, "series"), i, series)
		json_array_foreach (json_object_get(series, "points"), k, point) {
			struct interval v;
			double x = json_number(point, "place");
			p->x0 = fmin(p->x0, x);
			p->x1 = fmax(p->x1, x);
			if (!read_point(&v, point))
				continue;
			p->y0 = fmin(p->y0, v.low);
			p->y1 = fmax(p->y1, v.high);
		}
}

/* Beside each other, so that intervals of several series do not cover each other. */
static double aside(const struct svg_plot *p, size_t series, size_t n)
{
	return (p->x1 - p->x0) * .012 * ((double)series - (double)(n - 1) / 2);
}

static void draw_series(struct text *t, const struct svg_plot *p, const json_t *curve, size_t i,
			size_t n_series)
{
	const json_t *series = json_array_get(json_object_get(curve, "series"), i),
		     *points = json_object_get(series, "points"), *point;
	size_t k, n = 0;
	double *x = die_malloc((2 * json_array_size(points) + 1) * sizeof *x),
	       *y = x + json_array_size(points);
	char class_name[8], thin[16], ring[16];
	snprintf(ring, sizeof ring, "s%zu hollow", i % SVG_SERIES);
	snprintf(class_name, sizeof class_name, "s%zu", i % SVG_SERIES);
	snprintf(thin, sizeof thin, "%s thin", class_name);

	json_array_foreach (points, k, point) {
		struct interval v;
		if (!read_point(&v, point))
			continue;
		x[n] = json_number(point, "place") + aside(p, i, n_series);
		y[n] = v.value;
		interval_draw(t, p, x[n], &v,
			      json_is_false(json_object_get(point, "is_complete")) ? ring : class_name, thin);
		n++;
	}
	svg_line(t, p, x, y, n, class_name);
	free(x);
}

static void draw_fit(struct text *t, const struct svg_plot *p, const json_t *series)
{
	const json_t *line = json_object_get(json_object_get(series, "fit"), "line"), *point;
	size_t k, n = json_array_size(line);
	double *x = die_malloc((2 * n + 1) * sizeof *x);
	json_array_foreach (line, k, point) {
		x[k] = json_number_value(json_array_get(point, 0));
		x[n + k] = json_number_value(json_array_get(point, 1));
	}
	svg_line(t, p, x, x + n, n, "faint");
	free(x);
}

static const json_t *longest_of(const json_t *curve)
{
	const json_t *longest = NULL, *series;
	size_t i;
	json_array_foreach (json_object_get(curve, "series"), i, series)
		if (json_array_size(json_object_get(series, "points")) >
		    json_array_size(json_object_get(longest, "points")))
			longest = series;
	return json_object_get(longest, "points");
}

/* Where the values lie: of the longest series. */
static void write_places(struct text *t, const struct svg_plot *p, const json_t *curve)
{
	const json_t *point;
	size_t i;
	json_array_foreach (longest_of(curve), i, point)
		svg_place(t, p, json_number(point, "place"), json_text(point, "label"),
			  json_text(point, "below"));
}

void axis_draw(struct text *t, const json_t *curve, const char *y_title)
{
	const json_t *all = json_object_get(curve, "series"), *series;
	size_t i, n = json_array_size(all);
	struct svg_plot p = {.width = 460,
			     .height = 300,
			     .is_ordinal = 1,
			     .is_two_lined =
				     json_object_get(json_array_get(longest_of(curve), 0), "below") != NULL,
			     .x_title = json_string_value(json_object_get(curve, "x_title")),
			     .y_title = y_title};
	cover(&p, curve);
	if (!(p.y0 <= p.y1))
		return;
	double around = p.x1 > p.x0 ? .06 * (p.x1 - p.x0) : 1;
	p.x0 -= around;
	p.x1 += around;
	svg_round(&p.y0, &p.y1);
	svg_begin(t, &p, p.x_title);
	write_places(t, &p, curve);
	json_array_foreach (all, i, series)
		draw_fit(t, &p, series);
	for (i = 0; i < n; i++)
		draw_series(t, &p, curve, i, n);
	svg_end(t);
}
