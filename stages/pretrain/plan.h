/*
 * What the params make of a contrastive training: network, objective, size of a batch, number of
 * steps, learning rates.
 *
 *	struct plan p = plan_read(params, &policy.views, n_records);
 *	struct contrast *c = contrast_new(ops, &p.contrast);
 */
#ifndef STAGES_PRETRAIN_PLAN_H
#define STAGES_PRETRAIN_PLAN_H

#include "common/params.h"
#include "ecg/views.h"
#include "model/contrast.h"
#include "model/schedule.h"
#include "stages/shared/objective.h"

struct plan {
	const struct objective *objective;
	struct contrast_settings contrast;
	int batch, per_epoch, n_epochs; /* records of a step, steps of an epoch */
	struct schedule schedule;
};

/* Dies if what is asked for does not fit together. */
struct plan plan_read(const struct params *p, const struct views *v, size_t n_records);

#endif
