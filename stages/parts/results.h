/* The chapters of the report that need nothing but the evaluation's numbers: tables, curves, maps. */
#ifndef STAGES_PARTS_RESULTS_H
#define STAGES_PARTS_RESULTS_H

#include "stages/parts/sheet.h"

void results_comparison(struct sheet *s);
void results_seeds(struct sheet *s); /* nothing unless an arm has several */
bool results_has_efficiency(const struct sheet *s);
void results_efficiency(struct sheet *s); /* nothing unless an arm was trained on the labels */
void results_training(struct sheet *s);
void results_maps(struct sheet *s);
void results_space(struct sheet *s);
void results_judgements(struct sheet *s); /* confusion, ROC, calibration */

#endif
