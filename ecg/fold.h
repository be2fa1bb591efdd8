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

#endif
