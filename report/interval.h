/*
 * A value with its interval, as figures draw it. Of an area under the ROC curve what is below .5, where
 * nothing is told apart, would take the room of what matters: an interval that reaches below is cut there,
 * unless its value lies lower itself.
 */
#ifndef REPORT_INTERVAL_H
#define REPORT_INTERVAL_H

#include <jansson.h>
#include <stdbool.h>

struct interval {
	double value, low, high; /* low = high = value: there is no interval */
	bool is_cut;		 /* it reaches below low */
};

/* v {"value","low","high"}; metric "macro_auroc" is cut. False if there is no value. */
bool interval_read(struct interval *i, const json_t *v, const char *metric);

#endif
