/*
 * What an arm's network looks at, from the records that embed kept (stages/embed/inspect.h): maps of the last
 * cross block, rollout through all layers, and whether hiding the lead most attended to hurts
 * (statistics/faithfulness.h).
 */
#ifndef STAGES_EVALUATE_ATTENTION_H
#define STAGES_EVALUATE_ATTENTION_H

#include "stages/evaluate/arms.h"

/* "attention" of the arm's JSON (docs/report.md), and "attention_note", a sentence, where
 * something is left out. */
void attention_add(const struct arms *s, struct arm *a);

#endif
