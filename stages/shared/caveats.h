/*
 * The sentences a reader of scores must know: classes that training or fold 10 lacks, and
 * how small fold 10 is.
 *
 *	judge_run(&j, ...);
 *	caveats_add(&j, prior);
 */
#ifndef STAGES_SHARED_CAVEATS_H
#define STAGES_SHARED_CAVEATS_H

#include "stages/shared/judge.h"

/* Appends to j->notes. prior [n_classes]: share of the training records. After judge_run. */
void caveats_add(struct judge *j, const double *prior);

#endif
