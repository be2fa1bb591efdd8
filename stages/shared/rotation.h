/*
 * One turn of a cross-validation over the folds of pooled records (judge_pool): a fold is tested, the nearest
 * one with records before it chooses (before fold 1 is 10), all others train. The turn of fold 10 is what
 * folds 1 to 8, 9 and 10 are for otherwise.
 *
 *	for (int fold = 1; fold <= FOLDS; fold++) {
 *		struct rotation r;
 *		rotation_open(&r, &judge, fold);
 *		... fit with r.data; tested record i stands at r.place[i] of the pool ...
 *		rotation_release(&r);
 *	}
 */
#ifndef STAGES_SHARED_ROTATION_H
#define STAGES_SHARED_ROTATION_H

#include "stages/shared/judge.h"

struct rotation {
	int fold;
	struct judge_part part[PROBE_PARTS];
	struct probe_data data; /* of these parts */
	size_t *place;		/* [n tested] */
};

/* How many folds have records. A rotation needs 2; with 2 nothing is left to choose by. */
int rotation_folds(const struct judge *j);
/* The fold may have no records: none is tested then. */
void rotation_open(struct rotation *r, const struct judge *j, int fold);
void rotation_release(struct rotation *r);

#endif
