/*
 * What an arm's network looks at, from the records that embed kept (stages/parts/inspect.h): maps of the last cross
 * block, rollout through all layers, and whether hiding the lead most attended to hurts (model/faithfulness.h).
 */
#ifndef STAGES_PARTS_ATTENTION_H
#define STAGES_PARTS_ATTENTION_H

#include "stages/parts/study.h"

/* "attention" of the arm's JSON (docs/report.md), and "attention_note", a sentence, where something is left out. */
void attention_add(const struct study *s, struct study_arm *a);

#endif
