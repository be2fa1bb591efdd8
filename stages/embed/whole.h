/*
 * Encoders that are embedded as a whole (stages/shared/encoding.h), exemplars and ensembles: a vector a
 * record and, where all of it are networks, one of the same networks untrained. No towers, pairs, attention.
 *
 *	if (whole_is(m->model))
 *		whole_open(m);                  // before the output
 *	whole_draw(m);                          // with the first records of the training folds in hand
 *	whole_run(m);                           // for the records in hand
 *	whole_close(m);
 */
#ifndef STAGES_EMBED_WHOLE_H
#define STAGES_EMBED_WHOLE_H

#include "stages/embed/embedding.h"

bool whole_is(const struct artifact *model);
/* Sets whole and dim by m->model, m->views and the params. Dies if they contradict each other. */
void whole_open(struct embedding *m);
bool whole_has_table(const struct embedding *m, int table);
void whole_draw(struct embedding *m);
void whole_run(struct embedding *m);
void whole_close(struct embedding *m);

#endif
