/*
 * What fine-tuning begins with: the network, its weights, the classifier on it, and what they are worth
 * before the first step.
 *
 *	start_network(&s, batch);
 *	start_weights(&s);      // pretrained, after a look at the untrained ones; or drawn anew
 *	start_head(&s);         // the fitted probe
 *	start_predict(&s, PROBE);
 */
#ifndef STAGES_FINETUNE_START_H
#define STAGES_FINETUNE_START_H

#include "stages/finetune/tuning.h"

void start_network(struct tuning *s, int batch);
void start_weights(struct tuning *s);
void start_head(struct tuning *s);
/* A classifier fitted as the probe is, to the features of each part, is what that arm is worth. */
void start_judge(struct tuning *s, int arm, const struct rows features[PROBE_PARTS]);
/* Probabilities of folds 9 and 10 by the network as last synced, for that arm. */
void start_predict(struct tuning *s, int arm);

#endif
