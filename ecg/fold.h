/*
 * Folds say what a record is for (PTB-XL's strat_fold): 1 to 8 train, 9 chooses what training leaves open, 10
 * is tested on, once. A patient's records are all in one fold.
 *
 *	if (fold_trains(label.fold)) ...
 */
#ifndef ECG_FOLD_H
#define ECG_FOLD_H

#include <stdbool.h>
#include <stdint.h>

enum { FOLD_LAST_TRAINING = 8, FOLD_VALIDATION = 9, FOLD_TEST = 10, FOLDS = 10 };

static inline bool fold_is(uint64_t number)
{
	return number >= 1 && number <= FOLDS;
}

static inline bool fold_trains(uint32_t fold)
{
	return fold >= 1 && fold <= FOLD_LAST_TRAINING;
}

/* With another fold tested than 10, as in a rotation, folds are numbered on from it: `tested` becomes 10, the
 * one before it 9, the one after it 1. */
static inline uint32_t fold_rotated(uint32_t fold, uint32_t tested)
{
	return fold_is(fold) ? (fold + 2 * FOLDS - tested - 1) % FOLDS + 1 : fold;
}

/* The same with one fold, another than `tested`, that takes no part and becomes 0 (sealed 0: none): those
 * that came before it move up, so that 9 and 10 are of the others. */
static inline uint32_t fold_rotated_without(uint32_t fold, uint32_t tested, uint32_t sealed)
{
	uint32_t place = fold_rotated(fold, tested);
	if (!sealed || !fold_is(fold))
		return place;
	uint32_t gap = fold_rotated(sealed, tested);
	return place == gap ? 0 : place + (place < gap);
}

#endif
