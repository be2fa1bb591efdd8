/*
 * The objectives of contrastive training by name, and all they differ in: which pairs of views are drawn, and
 * the loss (docs/training.md).
 *
 *	const struct objective *o = objective_named("cmsc");
 */
#ifndef STAGES_SHARED_OBJECTIVE_H
#define STAGES_SHARED_OBJECTIVE_H

#include <stdbool.h>

#include "ecg/pairing.h"
#include "model/loss.h"
#include "store/artifact.h"

struct objective {
	const char *name;
	enum pairing_kind pairing;
	const struct loss *loss;
	bool has_segments; /* needs segments of a record: views.strategy halves */
};

/* All of them: name, pairing, loss, has_segments. To add one: a row, and model/loss.h if its loss is new. */
#define OBJECTIVES(ROW)                                                                                      \
	ROW(ntxent, PAIRING_POLICY, loss_ntxent, false)                                                      \
	ROW(cmsc, PAIRING_POLICY, loss_clocs, true)                                                          \
	ROW(cmlc, PAIRING_LEADS, loss_clocs, true)                                                           \
	ROW(cmsmlc, PAIRING_SEGMENTS_LEADS, loss_clocs, true)

/* " ntxent cmsc ...", as a PARAM_CHOICE takes them. */
#define OBJECTIVE_NAMES					  OBJECTIVES(OBJECTIVE_NAME)
#define OBJECTIVE_NAME(name, pairing, loss, has_segments) " " #name

/* NULL: unknown. */
const struct objective *objective_named(const char *name);
/* That of a model; dies if it is unknown. One that names none was trained by ntxent. */
const struct objective *objective_of(const struct artifact *model);

#endif
