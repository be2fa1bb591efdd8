#include "report/svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LEFT = 46, RIGHT = 10, TOP = 10, BOTTOM = 38, LINE = 13, TICKS = 5 };

static double left(const struct svg_plot *p)
{
	return p->is_bare ? 1 : p->names > 0 ? p->names : LEFT;
}

static double bottom(const struct svg_plot *p)
{
	return p->height - (p->is_bare ? 1 : BOTTOM + (p->is_two_lined ? LINE : 0));
}

static double right(const struct svg_plot *p)
{
	return p->width - (p->is_bare ? 1 : RIGHT);
}

static double top(const struct svg_plot *p)
{
	return p->is_bare ? 1 : TOP;
}

static double at_x(const struct svg_plot *p, double x)
{
	double span = p->x1 - p->x0;
	return left(p) + (span > 0 ? (x - p->x0) / span : 0.5) * (right(p) - left(p));
}

static double at_y(const struct svg_plot *p, double y)
{
	double span = p->y1 - p->y0;
	return bottom(p) - (span > 0 ? (y - p->y0) / span : 0.5) * (bottom(p) - top(p));
}

/* 1, 2 or 5 times a power of ten, so that about TICKS of them cover the span. */
static double step_of(double span)
{
	double step = 1e-6;
	static const double next[] = {2, 2.5, 2};
	for (int k = 0; step * TICKS < span && step < 1e12; k++)
		step *= next[k % 3];
	return step;
}

void svg_round(double *low, double *high)
{
	if (!(*high > *low)) {
		double margin = *low != 0 ? .1 * fabs(*low) : .5;
		*low -= margin;
		*high += margin;
	}
	double step = step_of(*high - *low);
	*low = floor(*low / step + 1e-9) * step;
	*high = ceil(*high / step - 1e-9) * step;
}

static void tick_text(char out[32], double x, double step)
{
	int n_decimals = 0;
	for (double s = step; n_decimals < 6 && fabs(s - rint(s)) > 1e-6; s *= 10)
		n_decimals++;
	snprintf(out, 32, "%.*f", n_decimals, fabs(x) < step / 2 ? 0 : x);
}

static void ticks(struct text *t, const struct svg_plot *p)
{
	char number[32];
	double step = step_of(p->x1 - p->x0);
	step = p->is_whole && step < 1 ? 1 : step;

	for (double x = ceil(p->x0 / step - 1e-9) * step; !p->is_ordinal && x <= p->x1 + step * 1e-6;
	     x += step) {
		tick_text(number, x, step);
		text_add(t,
			 "<path class=grid d=\"M%.1f %.1fV%.1f\"/><text x=%.1f y=%.1f "
			 "text-anchor=middle>%s</text>",
			 at_x(p, x), top(p), bottom(p), at_x(p, x), bottom(p) + 14, number);
	}

	step = step_of(p->y1 - p->y0);
	for (double y = ceil(p->y0 / step - 1e-9) * step; !(p->names > 0) && y <= p->y1 + step * 1e-6;
	     y += step) {
		tick_text(number, y, step);
		text_add(t,
			 "<path class=grid d=\"M%.1f %.1fH%.1f\"/><text x=%.1f y=%.1f "
			 "text-anchor=end>%s</text>",
			 left(p), at_y(p, y), right(p), left(p) - 5, at_y(p, y) + 4, number);
	}

	if (p->x_title)
		text_add(t, "<text x=%.1f y=%.1f text-anchor=middle>%s</text>", (left(p) + right(p)) / 2,
			 p->height - 6, p->x_title);
	if (p->y_title)
		text_add(t, "<text transform=\"translate(12 %.1f)rotate(-90)\" text-anchor=middle>%s</text>",
			 (top(p) + bottom(p)) / 2, p->y_title);
}

void svg_begin(struct text *t, const struct svg_plot *p, const char *label)
{
	text_add(t, "<svg viewBox=\"0 0 %.0f %.0f\" style=\"max-width:%.0fpx\" role=img aria-label=\"",
		 p->width, p->height, p->width);
	text_escape(t, label);
	text_add(t, "\">");
	if (!p->is_bare)
		ticks(t, p);
	text_add(t, "<path class=axis d=\"M%.1f %.1fV%.1fH%.1f%s\"/>", left(p), top(p), bottom(p), right(p),
		 p->is_bare ? "V1Z" : "");
}

void svg_end(struct text *t)
{
	text_add(t, "</svg>\n");
}

void svg_dot(struct text *t, const struct svg_plot *p, double x, double y, double radius,
	     const char *class_name)
{
	text_add(t, "<circle class=\"dot %s\" cx=%.1f cy=%.1f r=%.1f />", class_name, at_x(p, x), at_y(p, y),
		 radius);
}

void svg_line(struct text *t, const struct svg_plot *p, const double *x, const double *y, size_t n,
	      const char *class_name)
{
	text_add(t, "<polyline class=\"line %s\" points=\"", class_name);
	for (size_t i = 0; i < n; i++)
		text_add(t, "%s%.1f,%.1f", i ? " " : "", at_x(p, x[i]), at_y(p, y[i]));
	text_add(t, "\"/>");
}

void svg_beyond(struct text *t, const struct svg_plot *p, double x, double y, int is_downwards,
		const char *class_name)
{
	text_add(t, "<path class=\"line %s\" d=\"M%.1f %.1f%s\"/>", class_name,
		 at_x(p, x) + (is_downwards ? -3 : 4), at_y(p, y) - (is_downwards ? 4 : 3),
		 is_downwards ? "l3 4l3-4" : "l-4 3l4 3");
}

void svg_words(struct text *t, const struct svg_plot *p, double x, double y, const char *anchor,
	       const char *words)
{
	text_add(t, "<text class=over x=%.1f y=%.1f text-anchor=%s>", at_x(p, x), at_y(p, y), anchor);
	text_escape(t, words);
	text_add(t, "</text>");
}

void svg_place(struct text *t, const struct svg_plot *p, double x, const char *name, const char *below)
{
	const char *const lines[] = {name, below};
	for (int k = 0; k < (*below ? 2 : 1); k++) {
		text_add(t, "<text x=%.1f y=%.1f text-anchor=middle>", at_x(p, x), bottom(p) + 14 + k * LINE);
		text_escape(t, lines[k]);
		text_add(t, "</text>");
	}
}

enum { NAME_PX = 6 }; /* of one character, about */

double svg_name_room(const char *name)
{
	return (double)(NAME_PX * text_length(name) + NAME_PX);
}

/* Where a name goes on that is too long for one line; its end if there is no place to break it. */
static const char *second_line(const char *name, size_t room)
{
	size_t n = text_length(name);
	const char *next = name + strlen(name);
	for (const char *p = name; (p = strpbrk(p, " _-,")); p++)
		if (p[1] && n - text_length(p + 1) <= room)
			next = p + 1;
	return next;
}

static void name_line(struct text *t, const struct svg_plot *p, double y_px, const char *line, size_t n,
		      const char *whole)
{
	size_t room = (size_t)(p->names / NAME_PX);
	text_add(t, "<text x=%.1f y=%.1f text-anchor=end>", left(p) - 6, y_px);
	if (n > room) {
		text_add(t, "<title>");
		text_escape(t, whole);
		text_add(t, "</title>");
	}
	text_cut(t, line, n > room ? room - 1 : n);
	text_add(t, "%s</text>", n > room ? "…" : "");
}

void svg_name(struct text *t, const struct svg_plot *p, double y, const char *name)
{
	size_t room = (size_t)(p->names / NAME_PX), n = text_length(name);
	const char *next = n > room ? second_line(name, room) : "";
	size_t n_next = text_length(next);
	double y_px = at_y(p, y) + 4 - (n_next ? LINE / 2. : 0);
	name_line(t, p, y_px, name, n - n_next - (n_next && next[-1] == ' '), name);
	if (n_next)
		name_line(t, p, y_px + LINE, next, n_next, name);
}
