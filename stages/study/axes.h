/*
 * How the score changes along the axes of a study's grids, as JSON, and power laws where the study asks for
 * them.
 *
 *	json_t *curves = axes_curves(&trials);
 */
#ifndef STAGES_STUDY_AXES_H
#define STAGES_STUDY_AXES_H

#include "stages/study/trials.h"

/* [{"axis": "pretrain.batch", "x_title", "series": [{"label", "points":
 * [{"x","place","label","setting","auroc"}], "fit":
 * {"limit","scale","exponent","low","high","share","is_told","line","sentence"}}]}], by ascending x; place:
 * of x as it is drawn, its logarithm where values span two octaves. A fit where the study asks for one,
 * "sentence" alone where there can be none. New reference. */
json_t *axes_curves(const struct trials *c);

#endif
