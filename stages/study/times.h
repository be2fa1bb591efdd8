/*
 * How long the trainings of a study took, as the store's action entries say. Of this nothing may be in the
 * artifact; it is put on the page as that is written out for people.
 */
#ifndef STAGES_STUDY_TIMES_H
#define STAGES_STUDY_TIMES_H

#include "store/artifact.h"

/* Where on the page they stand. */
extern const char times_place[];

/* As a stage's .put_out has it. */
char *times_put_out(const struct artifact *study, const char *name, const void *bytes, size_t *n_bytes);

#endif
