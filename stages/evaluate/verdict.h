/*
 * A ranking in words: which arm is best, by how much, over what, and whether that is more than chance.
 *
 *	json_t *sentences = verdict_of(ranking);    // of ranking_of(); the first alone is the verdict
 */
#ifndef STAGES_EVALUATE_VERDICT_H
#define STAGES_EVALUATE_VERDICT_H

#include <jansson.h>

/* Array of texts: the verdict; how many pairs differ, and how many would by chance. New reference. */
json_t *verdict_of(const json_t *ranking);

#endif
