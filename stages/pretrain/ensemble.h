/*
 * What pretrain does for model ensemble: nothing is trained; models that other arms trained are written side
 * by side, as members (stages/shared/member.h).
 *
 *	if (!strcmp(params_text(r->params, "model"), "ensemble"))
 *		ensemble_join(r, signals, first); // of the list
 */
#ifndef STAGES_PRETRAIN_ENSEMBLE_H
#define STAGES_PRETRAIN_ENSEMBLE_H

#include "store/stage.h"

/* Rows of a table of struct param, of section pretrain. */
#define ENSEMBLE_PARAMS                                                                                      \
	{                                                                                                    \
		"members", PARAM_TEXT,                                                                       \
			.otherwise = "''",                                                                   \
			.help = "model ensemble: the arms whose models stand side by side, such as "         \
				"exemplars+halves+halves@2"                                                  \
	}

/* Creates r->output, the model of r->input[first] and all behind it, in rank 0 of a team. Dies if one is not
 * there, was trained on signals prepared otherwise, or the params ask for what an ensemble does not have. */
void ensemble_join(struct stage_run *r, const struct artifact *signals, int first);

#endif
