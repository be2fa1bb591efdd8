/*
 * The first part of a study's page: which setting is best and by how much.
 */
#ifndef STAGES_STUDY_STANDING_H
#define STAGES_STUDY_STANDING_H

#include <jansson.h>

#include "report/text.h"

/* Of complete settings alone: the best, what it is over baseline and floors, which others cannot be told from
 * it. Which lack cells is said. */
void standing_verdict(struct text *t, const json_t *settings, const char *baseline);
/* A row per setting. */
void standing_table(struct text *t, const json_t *settings, const char *baseline);
/* Scores, and differences to the baseline, as forests. all: as study.json (docs/study.md). */
void standing_forests(struct text *t, const json_t *all, const char *baseline);

#endif
