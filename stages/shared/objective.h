/*
 * The objectives of contrastive training by name, and all they differ in: which pairs of views are drawn, and the loss
 * (docs/training.md).
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

#define OBJECTIVE_NAMES "ntxent cmsc cmlc cmsmlc"

/* NULL: unknown. */
const struct objective *objective_named(const char *name);
/* That of a model; dies if it is unknown. One that names none was trained by ntxent. */
const struct objective *objective_of(const struct artifact *model);

#endif
