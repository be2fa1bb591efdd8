/*
 * Projection head of the contrastive loss (Chen et al. 2020), dropped after pretraining:
 *	p = linear3(relu(norm2(linear2(relu(norm1(linear1(h)))))))
 * LayerNorm, not BatchNorm: a record's p must not depend on its batch.
 */
#ifndef MODEL_PROJECTOR_H
#define MODEL_PROJECTOR_H

#include "model/arena.h"
#include "model/linear.h"
#include "model/norm.h"

struct projector {
	struct linear linear[3];
	struct norm norm[2];
	int n_in, n_hidden, n_out;
	float *y[2], *r[2]; /* [B,hidden] linear's output, and after norm and relu */
	float *stats[2];    /* [2B] */
	float *p;	    /* [B,out] */
	float *dr, *dh;	    /* scratch [B,hidden], [B,in] */
};

void projector_declare(struct projector *p, struct tensors *t, const char *name, int n_in, int n_hidden,
		       int n_out);
/* The owner sets p, where the output is to lie. */
void projector_plan(struct projector *p, struct arena *a, int max_batch);
void projector_plan_scratch(struct projector *p, struct arena *a, int max_batch);
/* The projector as its rows from `first` on see it, but for p. */
struct projector projector_part(const struct projector *p, int first);
void projector_forward(const struct tensors *t, const struct projector *p, const float *h, int batch);
/* Returns the gradient of h [B,in], p's own until its next call. */
float *projector_backward(const struct tensors *t, const struct projector *p, const float *dp, const float *h,
			  int batch);

#endif
