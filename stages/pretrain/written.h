/* The artifact `model` of a training: its weights and history, and all that embed and finetune need, the
 * network, how views are cut and drawn, what the labels mean. */
#ifndef STAGES_PRETRAIN_WRITTEN_H
#define STAGES_PRETRAIN_WRITTEN_H

#include "model/contrast.h"
#include "model/history.h"
#include "stages/pretrain/plan.h"
#include "store/stage.h"

struct written {
	const struct plan *plan;
	struct contrast *contrast; /* its network becomes what is kept: masked_end */
	const struct history *history;
	size_t n_records;
	int64_t n_skipped; /* steps */
};

/* To r->output. */
void written_model(struct stage_run *r, const struct artifact *views, const struct artifact *signals,
		   const struct written *w);

#endif
