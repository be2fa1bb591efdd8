/*
 * What pretrain does for model exemplars: nothing is contrasted, and there are no epochs. From records of
 * folds 1 to 8, without their labels, the exemplars are drawn and all else is learned from them in one go.
 *
 *	if (!strcmp(params_text(r->params, "model"), "exemplars"))
 *		exemplars_learn(r, views, signals);
 */
#ifndef STAGES_PRETRAIN_EXEMPLARS_H
#define STAGES_PRETRAIN_EXEMPLARS_H

#include "store/stage.h"

/* Creates r->output, the model, in rank 0 of a team; if interrupted, none. Dies if the params ask for what
 * this model does not have. */
void exemplars_learn(struct stage_run *r, const struct artifact *views, const struct artifact *signals);

#endif
