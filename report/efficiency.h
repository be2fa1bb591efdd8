/*
 * How few labels are enough: the figure. Arms as in report/curves.h.
 */
#ifndef REPORT_EFFICIENCY_H
#define REPORT_EFFICIENCY_H

#include "report/text.h"

/* Macro AUROC over the share of labels used ("label_fraction"), shares evenly spaced: fine-tuned, the probe
 * it began as, from scratch, and the untrained encoder's probe, for the network that has fewer labels
 * somewhere. Returns the number of shares; nothing is drawn below 2. */
int efficiency_figure(struct text *t, const json_t *arms);

#endif
