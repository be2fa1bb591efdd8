/*
 * What fine-tuning came to: its arms judged on fold 10, and the artifact.
 *
 *	outcome_judge(&s);
 *	outcome_write(&s);
 */
#ifndef STAGES_FINETUNE_OUTCOME_H
#define STAGES_FINETUNE_OUTCOME_H

#include "stages/finetune/tuning.h"

void outcome_judge(struct tuning *s);
void outcome_write(struct tuning *s);

#endif
