/* The chapters of the report that need nothing but the evaluation's numbers: tables, curves, maps. */
#ifndef STAGES_REPORT_RESULTS_H
#define STAGES_REPORT_RESULTS_H

#include "stages/report/draft.h"

void results_comparison(struct draft *s);
void results_seeds(struct draft *s); /* nothing unless an arm has several */
bool results_has_efficiency(const struct draft *s);
void results_efficiency(struct draft *s); /* nothing unless an arm was trained on the labels */
void results_training(struct draft *s);
void results_maps(struct draft *s);
void results_space(struct draft *s);
void results_judgements(struct draft *s); /* confusion, ROC, calibration */

#endif
