/*
 * `legacy`: the poster's own scoring, to stand beside its published numbers and beside nothing else. Every
 * segment counts as a sample of its own, though two come from one heart; folds 9 and 10 are both tested on;
 * no classes are weighed and no amplitudes are added. Its row has no intervals: segments are not independent,
 * so none would be honest.
 *
 *	if (legacy_has(embeddings))                     // embed.segments was on
 *		legacy_put(writer, &judge, embeddings, dim);
 *	json_t *row = legacy_read(scores);              // NULL: none
 *	legacy_print(classes, rows);
 */
#ifndef STAGES_SHARED_LEGACY_H
#define STAGES_SHARED_LEGACY_H

#include "stages/shared/judge.h"

bool legacy_has(const struct artifact *embeddings);
/* Fits a classifier (C 1, no offset) on the segments of folds 1-8 and writes table `legacy`: "metrics" ->
 * canonical JSON {"name","segments","test","interval": values alone}. Single label only. */
void legacy_put(struct artifact_writer *w, const struct judge *j, const struct artifact *embeddings, int dim);
/* New reference. */
json_t *legacy_read(const struct artifact *scores);
/* Its own block under a table, with the sentence that it is not comparable; nothing without rows. */
void legacy_print(const json_t *classes, const json_t *rows);

/* The sentence. */
extern const char legacy_sentence[];

#endif
