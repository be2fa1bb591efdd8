/*
 * The tables of the page. arms: array of the arms' JSON as evaluate writes them
 * (docs/report.md); floors: {"scale":{...},"majority":{...},"convolutions":...}.
 * What is missing is a dash, never NaN.
 */
#ifndef REPORT_TABLES_H
#define REPORT_TABLES_H

#include "report/text.h"

/* Each arm above its own untrained encoder, with the paired difference; then the floors. classes: those with
 * a column; NULL: none, and macro AUROC comes first. */
void tables_comparison(struct text *t, const json_t *arms, const json_t *floors, const json_t *classes);
/* One metric of every arm minus every other, paired, marked as report/ranking.h does. Nothing for one arm. */
void tables_pairs(struct text *t, const json_t *arms, const char *metric, const json_t *ranking);
/* The poster's per-segment scores of the arms that have them, with the sentence that they are not comparable.
 * Nothing without any. */
void tables_legacy(struct text *t, const json_t *arms, const json_t *classes);
/* Which artifacts the numbers of each arm come from. */
void tables_provenance(struct text *t, const json_t *arms);
/* seeds: the evaluation's summaries of arms of several seeds. */
void tables_seeds(struct text *t, const json_t *seeds);
/* Arms trained on the labels: macro AUROC beside the probe each began as, paired. */
void tables_efficiency(struct text *t, const json_t *arms);

#endif
