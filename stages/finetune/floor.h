/*
 * The floor "random convolutions" on the same labels: what can be had without any training (docs/probe.md).
 *
 *	floor_judge(&s); // fills arm CONVOLUTIONS, unless embed.convolutions is 0
 */
#ifndef STAGES_FINETUNE_FLOOR_H
#define STAGES_FINETUNE_FLOOR_H

#include "stages/finetune/tuning.h"

void floor_judge(struct tuning *s);

#endif
