/*
 * The study in the terminal: a row per setting, best first, incomplete ones last; what the axes' fits say
 * and what they leave out.
 */
#ifndef STAGES_STUDY_TABLE_H
#define STAGES_STUDY_TABLE_H

#include "store/artifact.h"

/* As a stage's .show has it. */
void table_print(struct artifact *study);

/* All of a study artifact: {"study","settings","curves","failed","notes",...} (docs/study.md); new reference.
 * */
json_t *table_read(const struct artifact *study);

#endif
