/*
 * A value with its interval, as figures draw it. Of an area under the ROC curve what is below .5, where
 * nothing is told apart, would take the room of what matters: an interval that reaches below is cut there,
 * unless its value lies lower itself.
 */
#ifndef REPORT_INTERVAL_H
#define REPORT_INTERVAL_H

#include <jansson.h>
#include <stdbool.h>

#include "report/svg.h"

struct interval {
	double value, low, high; /* low = high = value: there is no interval */
	bool is_cut;		 /* it reaches below low */
};

/* v {"value","low","high"}; metric "macro_auroc" is cut. False if there is no value. */
bool interval_read(struct interval *i, const json_t *v, const char *metric);

/* A dot at x with its interval upright behind it, an arrow where that is cut; thin: the class of the line. */
void interval_draw(struct text *t, const struct svg_plot *p, double x, const struct interval *v,
		   const char *class_name, const char *thin);

#endif
