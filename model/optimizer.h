/*
 * AdamW over a network's flat arrays, with the global norm clipped and non-finite steps skipped.
 *
 *	struct optimizer o;
 *	optimizer_init(&o, &net->tensors, &(struct optimizer_config){.weight_decay = 0.05f});
 *	float norm = optimizer_step(&o, lr);        // reads gradients, changes weights
 *	tensors_zero_gradients(&net->tensors);
 */
#ifndef MODEL_OPTIMIZER_H
#define MODEL_OPTIMIZER_H

#include <stdint.h>

#include "model/tensors.h"

struct optimizer_config {
	float beta1, beta2, eps; /* 0: 0.9, 0.999, 1e-8 */
	float weight_decay;
	float max_norm; /* 0: 1.0 */
};

enum { OPTIMIZER_ROWS = 32, OPTIMIZER_PARTS = 2 };

/* What came of a step. */
struct optimizer_row {
	float is_taken;			   /* 1 or 0: loss or norm was not finite, and nothing changed */
	float loss, top1;		   /* as given */
	float norm, part[OPTIMIZER_PARTS]; /* of the gradient before clipping, and of parts of it */
};

struct optimizer {
	struct tensors *tensors; /* borrowed */
	struct optimizer_config config;
	uint8_t *has_decay; /* [tensors->count/16], ops memory */
	float *m, *v;	    /* [tensors->count], ops memory; m, v, n_steps are what a checkpoint holds */
	int64_t n_steps;    /* steps taken, of those told */
	int64_t n_skipped;  /* steps not taken because the loss or the gradient's norm was not finite */
	/* ops memory, for optimizer_learn: loss and top1; sums of squares of parts of the gradient. Zeros
	 * where nobody writes. */
	float *loss, *part;		 /* [2], [OPTIMIZER_PARTS] */
	struct optimizer_device *device; /* ops memory */
	int n_rows;			 /* learned and not told */
	int64_t first, told; /* n_steps when the device's corrections began, and when rows were told last */
};

void optimizer_init(struct optimizer *o, struct tensors *t, const struct optimizer_config *c);
void optimizer_release(struct optimizer *o);

/* One step with this learning rate; gradients are scaled by min(1, max_norm/norm). Returns the norm before
 * clipping; if it is not finite nothing changes but n_skipped. Gradients are not cleared. */
float optimizer_step(struct optimizer *o, float lr);

/* The same in two halves, so that nobody waits for a step. Whether it is taken is decided where the gradient
 * is; o->loss and o->part are the caller's to fill before, and stand in the step's row. */
void optimizer_learn(struct optimizer *o, float lr);
/* What it may have to send first, if that is to be done before: at most once in OPTIMIZER_ROWS steps. */
void optimizer_prepare(struct optimizer *o);
/* Rows of the steps learned since the last call into rows [OPTIMIZER_ROWS], how many there are. Before a
 * checkpoint, and after OPTIMIZER_ROWS steps at the latest (else a BUG). */
int optimizer_tell(struct optimizer *o, struct optimizer_row *rows);

/* Its part for tensors first..end-1 alone, as step number n_steps, their gradients times scale. */
void optimizer_step_tensors(struct optimizer *o, int first, int end, float lr, float scale);

#endif
