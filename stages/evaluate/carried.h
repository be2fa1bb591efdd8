/*
 * What the arms' own scores say of their data, carried into the evaluation: each sentence once, with the
 * names of the arms that say it unless all do. Resamples are drawn anew, so sentences about them are left
 * behind.
 *
 *	carried_add(&study);      // adds to its notes
 */
#ifndef STAGES_EVALUATE_CARRIED_H
#define STAGES_EVALUATE_CARRIED_H

#include "stages/evaluate/arms.h"

void carried_add(struct arms *s);

#endif
