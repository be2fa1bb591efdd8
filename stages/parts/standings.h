/*
 * An evaluation as tables for people, on stdout: the arms with their floors, what training added, seeds, faithfulness,
 * the poster's own scoring, and the sentences a reader must know.
 */
#ifndef STAGES_PARTS_STANDINGS_H
#define STAGES_PARTS_STANDINGS_H

#include "store/artifact.h"

void standings_print(struct artifact *evaluation);

#endif
