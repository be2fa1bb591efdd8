/*
 * What an arm's encoder sees of a record and gives back: rate and length of a view, and the width of the
 * embedding. Arms that see other input differ by more than what they were to compare, and the reader is told.
 *
 *	sight_add(&arm);      // "input" of its JSON: {"rate_hz","samples","seconds","views","width"}
 *	sight_note(&study);
 */
#ifndef STAGES_EVALUATE_SIGHT_H
#define STAGES_EVALUATE_SIGHT_H

#include "stages/evaluate/arms.h"

/* What is not known is left out. */
void sight_add(struct arm *a);
/* A sentence if arms differ; after sight_add of all. */
void sight_note(struct arms *s);

#endif
