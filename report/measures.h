/*
 * Tables of what is measured without a classifier, or on it: the embedding space, and attention. Arms as in
 * report/tables.h.
 */
#ifndef REPORT_MEASURES_H
#define REPORT_MEASURES_H

#include "report/text.h"

/* Measures of the embedding space, trained and untrained. */
void measures_space(struct text *t, const json_t *arms);
/* What hiding a lead does to the true class's logit, by how much attention the lead got. Returns how
 * many arms it has. */
int measures_faithfulness(struct text *t, const json_t *arms);

#endif
