/*
 * The weights of the best epoch so far, and the running averages that are judged instead of the weights if
 * that is asked for: an epoch's AUROC on a small fold 9 is mostly noise, that of an average less.
 *
 *	struct best b;
 *	best_init(&b, net, 1 / (1 + epochs * per_epoch)); // the net as it is: epoch 0; share 1: no averages
 *	best_follow(&b);                                  // after each step
 *	best_exchange(&b); ... judge net ...; best_keep(&b, epoch, auroc); best_exchange(&b);
 *	best_restore(&b);                                 // net holds the best weights
 */
#ifndef STAGES_FINETUNE_BEST_H
#define STAGES_FINETUNE_BEST_H

#include "model/checkpoint.h"
#include "model/finetune.h"

enum { BEST_PARTS = 5 }; /* of a checkpoint */

struct best {
	struct finetune *net; /* borrowed */
	float share; /* of the way to the weights that the averages go in a step; 1: there are none */
	struct {
		int64_t epoch; /* 0: as it began */
		double auroc;
	} state;
	/* Host: weights of encoder and classifier. */
	float *best[2], *mean[2], *spare;
};

void best_init(struct best *b, struct finetune *net, float share);
void best_release(struct best *b);
void best_follow(struct best *b);
/* Weights and averages change places. */
void best_exchange(struct best *b);
void best_keep(struct best *b, int64_t epoch, double auroc);
void best_restore(struct best *b);
/* The classifier's, in the order of its tensors. Borrowed. */
const float *best_head(const struct best *b);
/* Fills BEST_PARTS parts; returns how many. */
int best_parts(struct best *b, struct checkpoint_part *parts);

#endif
