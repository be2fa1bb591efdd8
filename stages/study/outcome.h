/*
 * What each setting of a study comes to, as JSON (docs/study.md).
 *
 *	json_t *settings = outcome_settings(&trials);	// best first
 */
#ifndef STAGES_STUDY_OUTCOME_H
#define STAGES_STUDY_OUTCOME_H

#include "stages/study/trials.h"

/* [{"name","label","set","cells": how many there are, "auroc": estimate, "over": {"baseline", "convolutions",
 * ...: estimate}, "class": {CLASS: {"auroc","over_baseline","over_convolutions": estimates}}, "behind":
 * estimate of how far it is behind the best, "models": ids, "width","weights","records","batch": means,
 * "measures": {"top1","rankme",...: estimate}}], an estimate {"value","error","low","high","seeds","folds"}
 * or absent. By macro AUROC, best first. New reference. */
json_t *outcome_settings(const struct trials *c);

/* The baseline's floors as report/forest.h takes them. New reference. */
json_t *outcome_floors(const struct trials *c);

/* What goes with a good score: [{"measure","correlation","settings"}], over the settings Spearman's of macro
 * AUROC with each measure; empty with fewer than OUTCOME_LEAST settings. New reference. */
json_t *outcome_why(const json_t *settings);
enum { OUTCOME_LEAST = 5 };

/* {"value",...}, or NULL if there is none. New reference. */
json_t *outcome_estimate(const struct crossed *c);

#endif
