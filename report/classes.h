/*
 * What each class gets: arms as in report/tables.h.
 */
#ifndef REPORT_CLASSES_H
#define REPORT_CLASSES_H

#include "report/text.h"

/* Precision, recall, F1, AUROC, AUPRC of each class for each arm. */
void classes_table(struct text *t, const json_t *arms, const json_t *classes);
/* The same for so many classes that each has one row: records, and the AUROC of every arm; the
 * most frequent first. */
void classes_many(struct text *t, const json_t *arms, const json_t *classes);

#endif
