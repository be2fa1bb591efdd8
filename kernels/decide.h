/* A step of AdamW decided where its numbers are, for operations on both sides of a card (kernels/ops.h). */
#ifndef KERNELS_DECIDE_H
#define KERNELS_DECIDE_H

#include <stdint.h>

/* Whether a step is taken, and what AdamW must know of it, decided where its numbers are, so that no host
 * waits for them: taken if loss and norm = sqrt(squares[0]) are finite; scale is max_norm/norm if norm >
 * max_norm, else 1; rate = lr/(1 - beta1^t) in double, rounded, with t counting steps that are taken. All
 * arrays are the table's memory. */
enum { ADAMW_TAKEN, ADAMW_SCALE, ADAMW_RATE, ADAMW_SPREAD, ADAMW_RATES };
enum { DECIDE_TAKEN, DECIDE_LOSS, DECIDE_TOP1, DECIDE_NORM, DECIDE_PARTS };
struct decide {
	const float *loss;    /* [2] loss, top1 */
	const float *squares; /* [1+n_parts] of the gradient, and of parts of it */
	int n_parts;
	float max_norm, lr;
	/* [][2] 1 - beta1^t and 1/sqrt(1 - beta2^t), of the steps that may be taken from now on, and how many
	 * of them were: += 1 */
	const double *bias;
	int32_t *n_taken;
	float *rates; /* [ADAMW_RATES] out: 1 or 0, scale, rate, spread = bias[][1] rounded */
	float *row;   /* [DECIDE_PARTS+n_parts] out: 1 or 0, loss, top1, norms */
};

#endif
