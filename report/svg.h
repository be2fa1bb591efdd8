/*
 * A plot: a frame with ticks, and points in it given in the data's own units. Colours are CSS classes
 * (report/page.h): s0..s11 for series, grid, axis, faint; so that a figure is right in light and dark.
 *
 *	struct svg_plot p = {.width = 320, .height = 240, .x1 = 100, .y1 = 1, .x_title = "step"};
 *	svg_begin(&t, &p, "Loss while training");
 *	svg_line(&t, &p, x, y, n, "s0");
 *	svg_end(&t);
 */
#ifndef REPORT_SVG_H
#define REPORT_SVG_H

#include "report/text.h"

enum { SVG_COLOURS = 8, SVG_SERIES = 12 }; /* s8 and on: the first colours again, dashed lines, rings */

struct svg_plot {
	double width, height;	       /* of the whole picture, px */
	double x0, x1, y0, y1;	       /* data at the frame's edges */
	const char *x_title, *y_title; /* NULL: none */
	int is_bare;		       /* no ticks: a map without units */
	int is_ordinal;		       /* no ticks along x: places with names of their own */
	int is_two_lined;	       /* of two lines each */
	int is_whole;		       /* ticks along x at whole numbers: steps, epochs */
	double names;		       /* px left of the frame for names of rows, not for ticks along y */
};

/* label: what a screen reader says. */
void svg_begin(struct text *t, const struct svg_plot *p, const char *label);
void svg_end(struct text *t);
/* One open line through n points; nothing through one. */
void svg_line(struct text *t, const struct svg_plot *p, const double *x, const double *y, size_t n,
	      const char *class_name);
void svg_dot(struct text *t, const struct svg_plot *p, double x, double y, double radius,
	     const char *class_name);
/* The mark of a line that goes on beyond its end at x, y: to the left, or downwards. */
void svg_beyond(struct text *t, const struct svg_plot *p, double x, double y, int is_downwards,
		const char *class_name);
/* Words at a place in data units; anchor "start", "middle" or "end". */
void svg_words(struct text *t, const struct svg_plot *p, double x, double y, const char *anchor,
	       const char *words);
/* The name of a place along x, under the frame, and a second line to it, "": none. */
void svg_place(struct text *t, const struct svg_plot *p, double x, const char *name, const char *below);
/* The name of a row, left of the frame; in two lines where it is too long for one, cut where for two. And
 * what room it asks for, px. */
void svg_name(struct text *t, const struct svg_plot *p, double y, const char *name);
double svg_name_room(const char *name);
/* Lowers and raises the ends so that ticks fall on round numbers; there is room between them then, also if
 * there was none. */
void svg_round(double *low, double *high);

#endif
