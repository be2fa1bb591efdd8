/* The stages of the model's actions: stages[ROOT], stages[MID], stages[LEAF]. */
#ifndef TESTS_STAGES_H
#define TESTS_STAGES_H

#include "store/stage.h"

extern const struct stage stages[];

#endif
