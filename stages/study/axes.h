/*
 * How the score changes along the axes of a study's grids, as JSON, and power laws where the study asks for
 * them.
 *
 *	json_t *curves = axes_curves(&trials);
 */
#ifndef STAGES_STUDY_AXES_H
#define STAGES_STUDY_AXES_H

#include "stages/study/trials.h"

/* [{"axis": "pretrain.batch", "x_title", "series": [{"label", "points": [{"x","place","label","below",
 * "setting","is_complete","auroc"}], "fit":
 * {"limit","scale","exponent","low","high","share","is_told","line", "sentence"}}], "left_out"}], by
 * ascending x; place: of x as it is drawn, its logarithm where the values of all series span two octaves;
 * label: the value, or what it comes to in the models with the value below. A fit where the study asks for
 * one, "sentence" alone where there can be none. left_out: a sentence on settings without a score, or whose
 * models do not say where they stand. New reference. */
json_t *axes_curves(const struct trials *c);

#endif
