/*
 * What is measured of a cell beside its scores, put into values (stages/study/trials.h) by name. Of a tested
 * fold's records, of the two views that the first epoch of training would have shown:
 *
 *	top1			training's last epoch: share of views whose nearest candidate was
 *				their partner; of objectives that contrast views only
 *	rankme			directions in use by the embedding (statistics/rankme.h)
 *	alignment, uniformity	of the embedding (statistics/geometry.h)
 *	found:mean, found:variance, found:spectrum, found:rate
 *				shortcuts: share of views whose partner is found among all views of the fold
 *				by that number alone, without a network (ecg/shortcuts.h)
 */
#ifndef STAGES_STUDY_MEASURES_H
#define STAGES_STUDY_MEASURES_H

#include <jansson.h>

#include "store/artifact.h"

void measures_training(json_t *values, const struct artifact *model);
void measures_space(json_t *values, const struct artifact *embeddings);
void measures_shortcuts(json_t *values, const struct artifact *signals, const struct artifact *views);

#endif
