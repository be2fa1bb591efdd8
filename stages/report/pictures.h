/* The report's pictures of ECGs, drawn from the arms' own artifacts: attention over examples,
 * and training views. */
#ifndef STAGES_REPORT_PICTURES_H
#define STAGES_REPORT_PICTURES_H

#include "stages/report/draft.h"

/* What the last cross-attention block looks at: shares per lead and class, and, if asked for, two records
 * with the maps over them. */
void pictures_attention(struct draft *s, bool has_records);
/* Both views of one record, once for each way of making them. */
void pictures_views(struct draft *s);

#endif
