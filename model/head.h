/*
 * From tokens to the embedding h.
 *	tower:  z = linear([mean, max] over tokens of norm(x)),  x: [B,N,D]  z: [B,D]
 *	gate:   alpha = softmax(W [z_t, z_c] + b) [B,2];  h = [alpha_0 z_t, alpha_1 z_c] [B,2D]
 * The gate is GTN's (Liu et al. 2021).
 */
#ifndef MODEL_HEAD_H
#define MODEL_HEAD_H

#include "model/arena.h"
#include "model/linear.h"
#include "model/norm.h"

struct head {
	int d, n; /* width, tokens of a record */
	struct norm norm;
	struct linear linear;
	const float *x; /* [M,D] the tower's last tokens */
	float *pooled;	/* [B,2D] */
	int32_t *at;	/* [B,D] which token was the maximum */
	float *z;	/* [B,D] */
	/* scratch */
	float *dpooled;	       /* [B,2D] */
	float *narrow, *stats; /* [M,D], [2M] */
};

void head_declare(struct head *h, struct tensors *t, const char *name, int d);
/* The owner sets h->x, the last tokens, once they are planned, and z, where the output is to lie. */
void head_plan(struct head *h, struct arena *a, int max_batch, int n);
void head_plan_scratch(struct head *h, struct arena *a, int max_batch);
void head_forward(const struct tensors *t, const struct head *h, int batch);
/* dx [M,D] overwritten with the gradient of x. */
void head_backward(const struct tensors *t, const struct head *h, float *dx, const float *dz, int batch);

struct head_gate {
	int d;
	int weight, bias; /* [2,2D], [2]; both start at zero: alpha is 1/2 */
	float *alpha;	  /* [B,2] */
	float *h;	  /* [B,2D] */
	/* scratch */
	float *logits, *dlogits; /* [B,2] */
};

void head_gate_declare(struct head_gate *g, struct tensors *t, const char *name, int d);
/* The owner sets alpha and h, where the outputs are to lie. */
void head_gate_plan_scratch(struct head_gate *g, struct arena *a, int max_batch);
void head_gate_forward(const struct tensors *t, const struct head_gate *g, const float *zt, const float *zc,
		       int batch);
/* dzt, dzc [B,D] overwritten. */
void head_gate_backward(const struct tensors *t, const struct head_gate *g, float *dzt, float *dzc,
			const float *dh, const float *zt, const float *zc, int batch);

#endif
