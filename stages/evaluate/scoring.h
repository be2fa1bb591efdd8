/*
 * How well the arms of a study predict: metrics, intervals and paired differences from one set of resamples,
 * reliability and ROC curves, as JSON (docs/report.md).
 *
 *	scoring_compare(&study);
 *	scoring_add(&study, &study.arm[i]);  // "trained", "random", ... of the arm's JSON
 *	json_t *seeds = scoring_over_seeds(&study), *scale = scoring_scale(&study);
 */
#ifndef STAGES_EVALUATE_SCORING_H
#define STAGES_EVALUATE_SCORING_H

#include "stages/evaluate/arms.h"

/* All arms, their untrained encoders and the floor on the same resamples; adds sentences about
 * what is undefined. */
void scoring_compare(struct arms *s);
/* "against" only if no arm has several seeds. */
void scoring_add(const struct arms *s, struct arm *a);
/* Of each arm of several seeds, once scoring_add saw all, what they come to:
 * {NAME:{"name","arms":[...],
 * "trained":{"test","interval","difference","over_probe"},"random":{...},"probe":{...},
 * "against":{NAME:...}}}, as of one arm but over seeds and patients together (statistics/comparison.h); of
 * the other arms then too, for their "against". Empty without such an arm. New reference. */
json_t *scoring_over_seeds(const struct arms *s);
/* The floor of amplitudes alone, or NULL. New reference. */
json_t *scoring_scale(const struct arms *s);
/* That of random convolutions (ARM_CONVOLUTIONS or ARM_CONVOLUTIONS_DIM), or NULL. New reference. */
json_t *scoring_convolutions(const struct arms *s, int state);

#endif
