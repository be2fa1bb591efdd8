/*
 * The arms from the best down, each beside the best and its strongest floor, and the sentences that say so.
 * ranking: as evaluate writes it (docs/report.md).
 */
#ifndef REPORT_RANKING_H
#define REPORT_RANKING_H

#include "report/text.h"

/* Each sentence a paragraph, the first the verdict. Nothing for NULL. */
void ranking_say(struct text *t, const json_t *ranking);
/* The table, and what its marks mean. */
void ranking_table(struct text *t, const json_t *ranking);
/* A difference as in a cell, in bold if its interval excludes 0 and with a star if that holds corrected for
 * all; p: corrected, or NULL. */
void ranking_difference(struct text *t, const json_t *difference, const json_t *p, double level);

#endif
