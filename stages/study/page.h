/*
 * The page of a study: which setting is best and by how much, how the score changes along each axis, what
 * goes with a gain, each class.
 */
#ifndef STAGES_STUDY_PAGE_H
#define STAGES_STUDY_PAGE_H

#include <jansson.h>

#include "report/text.h"

/* all: as study.json (docs/study.md). */
void page_study(struct text *t, const json_t *all);

#endif
