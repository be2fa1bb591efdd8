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

struct optimizer {
	struct tensors *tensors; /* borrowed */
	struct optimizer_config config;
	uint8_t *has_decay; /* [tensors->count/16], ops memory */
	float *m, *v;	    /* [tensors->count], ops memory; m, v, n_steps are what a checkpoint holds */
	int64_t n_steps;    /* steps taken */
	int64_t n_skipped;  /* steps not taken because the gradient's norm was not finite */
};

void optimizer_init(struct optimizer *o, struct tensors *t, const struct optimizer_config *c);
void optimizer_release(struct optimizer *o);

/* One step with this learning rate; gradients are scaled by min(1, max_norm/norm). Returns the norm before
 * clipping; if it is not finite nothing changes but n_skipped. Gradients are not cleared. */
float optimizer_step(struct optimizer *o, float lr);

/* Its part for tensors first..end-1 alone, as step number n_steps, their gradients times scale. */
void optimizer_step_tensors(struct optimizer *o, int first, int end, float lr, float scale);

#endif
