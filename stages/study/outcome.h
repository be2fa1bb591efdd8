/*
 * What each setting of a study comes to, as JSON (docs/study.md).
 *
 *	json_t *settings = outcome_settings(&trials);	// best first
 */
#ifndef STAGES_STUDY_OUTCOME_H
#define STAGES_STUDY_OUTCOME_H

#include "stages/study/trials.h"

/* [{"name","label","set","cells": how many there are, "of": how many any setting has,"is_complete", "auroc":
 * estimate, "over": {"baseline", "convolutions", ...: estimate}, "class": {CLASS:
 * {"auroc","over_baseline","over_convolutions": estimates}}, "behind": estimate of how far it is behind the
 * best, "models": ids, "width","weights","records","batch": means, "measures": {"top1","rankme",...:
 * estimate}}], an estimate {"value","error","low","high","seeds","folds"} or absent. Complete ones first, by
 * macro AUROC, the best first: only they can be the best that others are behind, for a mean over other cells
 * is no match for theirs. New reference. */
json_t *outcome_settings(const struct trials *c);

/* The baseline's floors as report/forest.h takes them. New reference. */
json_t *outcome_floors(const struct trials *c);

/* {"value",...}, or NULL if there is none. New reference. */
json_t *outcome_estimate(const struct crossed *c);

#endif
