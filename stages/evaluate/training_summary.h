/*
 * How an arm's network was trained: the attributes of its model, and its history thinned to at most 200
 * points (docs/report.md). NULL without a model.
 */
#ifndef STAGES_EVALUATE_TRAINING_SUMMARY_H
#define STAGES_EVALUATE_TRAINING_SUMMARY_H

#include <jansson.h>

#include "store/artifact.h"

json_t *training_summary(const struct artifact *model);

#endif
