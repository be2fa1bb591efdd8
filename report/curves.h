/*
 * Figures made of lines: loss while training, ROC, reliability. arms is an array of the arms' JSON as
 * evaluate writes them (docs/report.md); colours follow its order.
 */
#ifndef REPORT_CURVES_H
#define REPORT_CURVES_H

#include "report/text.h"

/* Column of the training history ("loss", "top1", "rankme") of every arm; guide: another column, drawn dashed
 * once per level it ends at, with the arm's "chance" (how that level is made: "ln candidates") beside it;
 * NULL: none. Returns how many arms had a history. */
int curves_history(struct text *t, const json_t *arms, const char *column, const char *guide);
/* One arm's ROC, a line per class. */
void curves_roc(struct text *t, const json_t *arm, const json_t *classes);
/* One arm's predicted probability against the share that was right; the area of a point
 * follows its records. */
void curves_reliability(struct text *t, const json_t *arm, const char *class_name);

#endif
