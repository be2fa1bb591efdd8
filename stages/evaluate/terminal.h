/*
 * An evaluation as tables for people, on stdout: the arms with their floors, what training added, seeds,
 * faithfulness, the poster's own scoring, and the sentences a reader must know.
 */
#ifndef STAGES_EVALUATE_TERMINAL_H
#define STAGES_EVALUATE_TERMINAL_H

#include "store/artifact.h"

void terminal_print(struct artifact *evaluation);

#endif
