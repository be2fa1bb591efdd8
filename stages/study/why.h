/*
 * What goes with a good score: rank correlations over the settings of a study, and their part of the page.
 *
 *	json_t *why = why_correlations(settings);
 *	why_write(&t, settings, why);
 */
#ifndef STAGES_STUDY_WHY_H
#define STAGES_STUDY_WHY_H

#include <jansson.h>

#include "report/text.h"

/* Over the complete settings Spearman's correlation of macro AUROC with each measure: [{"measure",
 * "correlation","settings","distinct","limit"}]. Settings that a measure does not tell apart, as those that
 * show the same views, count once: distinct is how many values it has, or the score if that has fewer, and
 * what passes limit, 1.96 / sqrt(distinct - 1), is no chance at 95 %. None of fewer than WHY_LEAST values.
 * New reference. */
json_t *why_correlations(const json_t *settings);
enum { WHY_LEAST = 5 };

void why_write(struct text *t, const json_t *settings, const json_t *why);

#endif
