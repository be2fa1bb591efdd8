/*
 * Learning rate over steps: linear warm-up, then half a cosine down to a last value (Loshchilov and Hutter
 * 2017).
 *
 *	struct schedule s = {.peak = 1e-3f, .n_warmup = 5 * per_epoch, .n_steps = epochs * per_epoch};
 *	float lr = schedule_lr(&s, step);     // step from 0
 */
#ifndef MODEL_SCHEDULE_H
#define MODEL_SCHEDULE_H

#include <stdint.h>

struct schedule {
	float peak;		   /* learning rate at the end of the warm-up */
	float last;		   /* at step n_steps */
	int64_t n_warmup, n_steps; /* n_warmup <= n_steps; 0: none */
};

/* peak (step+1)/n_warmup while step < n_warmup; then last + (peak-last) (1 + cos(pi u))/2, u = (step -
 * n_warmup) / (n_steps - n_warmup), at most 1. Computed in double with numbers/dmath.h: the same bits
 * everywhere. */
float schedule_lr(const struct schedule *s, int64_t step);

#endif
