/*
 * Metrics as JSON, the form in which probe and finetune publish and evaluate and report read them
 * (docs/probe.md). What is undefined is null, and a sentence in "notes" says why; no number is
 * ever NaN or infinite.
 */
#ifndef STATISTICS_SCORES_H
#define STATISTICS_SCORES_H

#include <jansson.h>
#include <stdbool.h>

#include "statistics/comparison.h"

/* {"n","accuracy","balanced_accuracy","macro_f1","weighted_f1","macro_auroc","macro_auprc","ece",
 * "confusion","notes","class":{NAME:{"support","precision","recall","f1","auroc","auprc"}}}; classes:
 * array of names. New reference. */
json_t *scores_metrics(const struct metrics *m, const json_t *classes, bool is_multi);

/* {"accuracy":{"value","error","low","high"},...,"class":{NAME:{"f1":{...},"auroc":{...}}}} of an arm; or,
 * with other >= 0, of arm minus other. New reference. */
json_t *scores_intervals(const struct comparison *c, int arm, int other, const json_t *classes);

/* The same of the mean of several rows; others.n 0: of itself, else minus the mean of
 * those. New reference. */
json_t *scores_mean_intervals(const struct comparison *c, struct comparison_rows rows,
			      struct comparison_rows others, const json_t *classes);

/* {"value","error","low","high"}. New reference. */
json_t *scores_value(const struct comparison_value *v);

/* A number, or null if it is not finite. New reference. */
json_t *scores_number(double x);

#endif
