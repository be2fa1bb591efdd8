/*
 * Signals where they lie in a mapped artifact, and what is cut from them. Nothing is copied: the system keeps
 * of the file what memory allows.
 *
 *	struct augment policy;
 *	signals_policy(&policy, model);                         // attributes `views` and `augment`
 *	const void *x = signals_get(signals, record, &policy.views);
 *	views_fixed(&policy.views, view, x, 0);
 */
#ifndef STAGES_SHARED_SIGNALS_H
#define STAGES_SHARED_SIGNALS_H

#include <stdbool.h>

#include "ecg/augment.h"
#include "store/artifact.h"

/* How views are cut and drawn, from the header of `views`, a model or tuned scores, the seed left 0. Dies
 * if it is not there. */
void signals_policy(struct augment *policy, const struct artifact *from);

/* Dies if the signals were not prepared as those the network in `model` (a model, tuned scores) was trained
 * on: rate, length, filter, normalisation. Which records they are does not matter. */
void signals_check_alike(const struct artifact *signals, const struct artifact *model);
/* What signals_check_alike compares, for network_carry into what holds a network. */
#define SIGNALS_PREPARED "high_pass_hz", "low_pass_hz", "filter_order", "normalize"

/* Dies if the views name other signals than these. */
void signals_check(const struct artifact *signals, const struct artifact *views);

/* Whether some record may lack leads: table `lead_mask` is there. */
bool signals_have_masks(const struct artifact *signals);
/* [LEADS] of one record, 1 where it has the lead, else the network's mask token stands for it. Borrowed like
 * a signal. Dies if the mask is none. */
const uint8_t *signals_there(const struct artifact *signals, uint64_t record);

/* float32 [12][samples] of one record, its bytes checked, borrowed until the artifact is closed; not aligned
 * to more than 2 bytes. May be read by several threads. Dies if it is absent or of another length. */
const void *signals_get(const struct artifact *signals, uint64_t record, const struct views *v);

/* scale [12]: the log-std of a record's leads. Dies if they are absent. */
void signals_scale(const struct artifact *signals, uint64_t record, float *scale);

#endif
