/*
 * A score along an axis of a study: a line per series through its points, each with its interval, and where a
 * power law was fitted its curve.
 *
 *	axis_draw(&t, curve, "macro AUROC");
 */
#ifndef REPORT_AXIS_H
#define REPORT_AXIS_H

#include "report/text.h"

/* curve: {"x_title","series":[{"label","points":[{"place","label","below","is_complete","auroc":
 * {"value","low","high"}}],"fit":{"line":[[place, score],...]}}]} (stages/study/axes.h), where a place is
 * that on the drawn axis; points by ascending place; "below" (a second line under the label), "fit" and
 * "line" may be absent. A point that is not complete is a ring. */
void axis_draw(struct text *t, const json_t *curve, const char *y_title);

#endif
