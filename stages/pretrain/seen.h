/*
 * Which time tokens the views of a step show to an encoder that is to predict the others (model/hiding.h).
 * How many is a function of (seed, step), which ones of (seed, record, epoch, view).
 *
 *	struct seen s;
 *	seen_init(&s, n_tokens, n_own);
 *	seen_draw(&s, &drawing, &plan.hide, seed, step);
 *	... free(s.is_seen);
 */
#ifndef STAGES_PRETRAIN_SEEN_H
#define STAGES_PRETRAIN_SEEN_H

#include "ecg/batch.h"
#include "stages/pretrain/plan.h"

struct seen {
	int n, n_seen;	  /* tokens of a view, and of them seen in this step: 1..n-1 */
	uint8_t *is_seen; /* [n_own][n] */
};

void seen_init(struct seen *s, int n, int n_own);
/* Of the rows that d draws. */
void seen_draw(struct seen *s, const struct batch_drawing *d, const struct hide *h, uint64_t seed,
	       int64_t step);

#endif
