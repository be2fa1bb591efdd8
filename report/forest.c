#include "report/forest.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "report/interval.h"
#include "report/svg.h"

#define FLOOR_ROW .6 /* of an arm's */

enum { NAMES_PX = 140, NAMES_MOST_PX = 330, FRAME_PX = 330, ROW_PX = 26, AROUND_PX = 50 };

static const struct {
	const char *key, *name;
} known[] = {{"convolutions", "random convolutions"},
	     {"convolutions_dim", "convolutions, as wide"},
	     {"scale", "log-std only"},
	     {"majority", "majority class"}};
enum { FLOORS = sizeof known / sizeof *known };

/* False if the state has no such value. */
static bool read_state(struct interval *x, const json_t *state, const char *metric)
{
	return interval_read(x, json_object_get(json_object_get(state, "interval"), metric), metric);
}

/* Whether there is a value. */
static bool cover(struct svg_plot *p, const json_t *state, const char *metric)
{
	struct interval x;
	if (!read_state(&x, state, metric))
		return false;
	p->x0 = x.low < p->x0 ? x.low : p->x0;
	p->x1 = x.high > p->x1 ? x.high : p->x1;
	return true;
}

/* An interval at height y: a bar, and a dot or a ring. */
static void whisker(struct text *t, const struct svg_plot *p, const json_t *state, const char *metric,
		    double y, const char *class_name)
{
	struct interval v;
	if (!read_state(&v, state, metric))
		return;
	double x[2] = {v.low, v.high}, level[2] = {y, y};
	if (v.high > v.low)
		svg_line(t, p, x, level, 2, class_name);
	if (v.is_cut)
		svg_beyond(t, p, v.low, y, 0, class_name);
	svg_dot(t, p, v.value, y, 4, class_name);
}

static void separate(struct text *t, const struct svg_plot *p, double y)
{
	double x[2] = {p->x0, p->x1}, level[2] = {y, y};
	svg_line(t, p, x, level, 2, "rule");
}

static void draw_arms(struct text *t, const struct svg_plot *p, const json_t *arms, const char *metric)
{
	size_t i, series = 0;
	const json_t *arm;
	char trained[8], random[16];

	json_array_foreach (arms, i, arm) {
		double y = p->y1 - (double)i;
		series += i && !json_equal(json_object_get(arm, "group"),
					   json_object_get(json_array_get(arms, i - 1), "group"));
		snprintf(trained, sizeof trained, "s%zu", series % SVG_COLOURS);
		snprintf(random, sizeof random, "%s hollow", trained);
		svg_name(t, p, y - .5, json_string_value(json_object_get(arm, "name")));
		separate(t, p, y - 1);
		whisker(t, p, json_object_get(arm, "trained"), metric, y - .32, trained);
		whisker(t, p, json_object_get(arm, "random"), metric, y - .7, random);
	}
}

static void draw_floors(struct text *t, const struct svg_plot *p, const json_t *floors, const char *metric,
			double y)
{
	for (int k = 0; k < FLOORS; k++) {
		const json_t *floor = json_object_get(floors, known[k].key);
		struct interval v;
		if (!read_state(&v, floor, metric))
			continue;
		y -= FLOOR_ROW;
		double x[2] = {v.value, v.value}, level[2] = {y + FLOOR_ROW / 2, p->y1};
		svg_line(t, p, x, level, 2, "level");
		svg_name(t, p, y + FLOOR_ROW / 2, known[k].name);
		whisker(t, p, floor, metric, y + FLOOR_ROW / 2, "floor");
	}
}

/* Room that the longest name asks for, as far as there is. */
static double room_of(const json_t *arms)
{
	double room = NAMES_PX;
	size_t i;
	const json_t *arm;
	json_array_foreach (arms, i, arm)
		room = fmax(room, svg_name_room(json_string_value(json_object_get(arm, "name"))));
	return fmin(room, NAMES_MOST_PX);
}

void forest_draw(struct text *t, const json_t *arms, const json_t *floors, const char *metric,
		 const char *title)
{
	size_t i, n = json_array_size(arms), n_floors = 0;
	const json_t *arm;
	double room = room_of(arms);
	struct svg_plot p = {.width = room + FRAME_PX, .x0 = 1, .x_title = title, .names = room};

	json_array_foreach (arms, i, arm) {
		cover(&p, json_object_get(arm, "trained"), metric);
		cover(&p, json_object_get(arm, "random"), metric);
	}
	if (p.x0 > p.x1)
		return;
	for (int k = 0; k < FLOORS; k++)
		n_floors += cover(&p, json_object_get(floors, known[k].key), metric);

	svg_round(&p.x0, &p.x1);
	p.y1 = (double)n + FLOOR_ROW * (double)n_floors;
	p.height = AROUND_PX + ROW_PX * p.y1;
	svg_begin(t, &p, title);
	draw_floors(t, &p, floors, metric, p.y1 - (double)n); /* under the arms' */
	draw_arms(t, &p, arms, metric);
	svg_end(t);
}
