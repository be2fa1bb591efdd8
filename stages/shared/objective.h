/*
 * The objectives of pretraining by name, and all they differ in: which pairs of views are drawn, the loss
 * that contrasts them, the weights of terms of their own, and what is predicted of hidden tokens
 * (docs/training.md).
 *
 *	const struct objective *o = objective_named("cmsc");
 */
#ifndef STAGES_SHARED_OBJECTIVE_H
#define STAGES_SHARED_OBJECTIVE_H

#include <stdbool.h>

#include "ecg/pairing.h"
#include "model/loss.h"
#include "model/masked.h"
#include "model/terms.h"
#include "stages/shared/member.h"
#include "store/artifact.h"

struct objective {
	const char *name;
	enum pairing_kind pairing;
	const struct loss *loss;	   /* NULL: nothing is contrasted */
	bool has_segments;		   /* needs segments of a record: views.strategy halves */
	const struct terms_weights *terms; /* of p; NULL: none. sigreg's invariance: stages/pretrain/plan.c */
	enum masked_target target;	   /* what of hidden tokens is predicted (model/masked.h) */
};

#define OBJECTIVE_VICREG (&(struct terms_weights){25, 25, 1, 0, 0})
#define OBJECTIVE_SIGREG (&(struct terms_weights){0, 0, 0, 0.02, 0})

/* All of them: name, pairing, loss, has_segments, terms, target. To add one: a row, and model/loss.h if its
 * loss is new. */
#define OBJECTIVES(ROW)                                                                                      \
	ROW(ntxent, PAIRING_POLICY, &loss_ntxent, false, NULL, MASKED_NOTHING)                               \
	ROW(cmsc, PAIRING_POLICY, &loss_clocs, true, NULL, MASKED_NOTHING)                                   \
	ROW(cmlc, PAIRING_LEADS, &loss_clocs, true, NULL, MASKED_NOTHING)                                    \
	ROW(cmsmlc, PAIRING_SEGMENTS_LEADS, &loss_clocs, true, NULL, MASKED_NOTHING)                         \
	ROW(vicreg, PAIRING_POLICY, &loss_nothing, false, OBJECTIVE_VICREG, MASKED_NOTHING)                  \
	ROW(sigreg, PAIRING_POLICY, &loss_nothing, false, OBJECTIVE_SIGREG, MASKED_NOTHING)                  \
	ROW(masked, PAIRING_POLICY, NULL, false, NULL, MASKED_SAMPLES)                                       \
	ROW(masked_ntxent, PAIRING_POLICY, &loss_ntxent, false, NULL, MASKED_SAMPLES)                        \
	ROW(jepa, PAIRING_POLICY, NULL, false, NULL, MASKED_LATENTS)

/* " ntxent cmsc ...", as a PARAM_CHOICE takes them. */
#define OBJECTIVE_NAMES							 OBJECTIVES(OBJECTIVE_NAME)
#define OBJECTIVE_NAME(name, pairing, loss, has_segments, terms, target) " " #name

/* NULL: unknown. */
const struct objective *objective_named(const char *name);
/* That of a model; dies if it is unknown. One that names none was trained by ntxent. */
const struct objective *objective_of(const struct artifact *model);
const struct objective *objective_of_member(const struct member *m);

#endif
