/*
 * A light transformer that says from the seen tokens of a view what its hidden ones are (model/masked.h):
 *	x[b,n] = linear(z) where seen, else the mask token;  + position (model/tokenizer.h)
 *	x = layers(x);  y = linear(norm(x)) at the hidden tokens
 * z: [B,n_seen,D], y: [B,n_hidden,width]. It is dropped after training.
 *
 *	struct predictor *p = predictor_new(ops, &(struct predictor_config){...}, max_views);
 *	tensors_draw(&p->tensors, seed);
 *	const float *error = predictor_forward(p, z, minus, &hiding, n_views); // y + minus, a negated target
 *	predictor_backward(p, dz, derror, z, &hiding, n_views);                // adds where tensors are aimed
 */
#ifndef MODEL_PREDICTOR_H
#define MODEL_PREDICTOR_H

#include "model/arena.h"
#include "model/hiding.h"
#include "model/linear.h"
#include "model/norm.h"
#include "model/transformer.h"

struct predictor_config {
	int n, d, n_heads, n_layers, width; /* n: tokens of a view; n_layers may be 0 */
	float rate_hz;
};

struct predictor {
	const struct ops *ops;
	struct predictor_config config;
	struct tensors tensors;
	struct linear in, out;
	int mask; /* [D] */
	struct transformer_layer *layers;
	struct norm norm;
	void *memory;
	float *x, *hidden, *normed, *stats; /* [B*n,D], the last [2*B*n] */
	float *dx, *rows, *error;	    /* [B*n,D], [B*n,D], [B*n,width] */
	float *position, *zeros;	    /* [n,D], [D] */
};

struct predictor *predictor_new(const struct ops *ops, const struct predictor_config *c, int max_views);
void predictor_free(struct predictor *p);

/* minus [B,n_hidden,width] is added to y. What is returned is p's, until the next forward pass, and may be
 * changed. All arrays: ops memory. */
float *predictor_forward(struct predictor *p, const float *z, const float *minus, const struct hiding *h,
			 int n_views);
/* dz [B,n_seen,D], overwritten, from dy [B,n_hidden,width]. Once per forward. */
void predictor_backward(struct predictor *p, float *dz, const float *dy, const float *z,
			const struct hiding *h, int n_views);

#endif
