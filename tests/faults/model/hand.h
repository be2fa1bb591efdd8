/* Steps of a user's hand: files are removed, time goes on. */
#ifndef TESTS_HAND_H
#define TESTS_HAND_H

#include "tests/faults/model/world.h"

void hand_do(const struct op *op);

#endif
