/*
 * Pre-norm transformer layer (Xiong et al. 2020; Vaswani et al. 2017):
 *	u = x + out(attention(qkv(norm1(x)))),  y = u + down(GELU(up(norm2(u)))),  up: D -> 4D.
 * In three steps, project, attend, finish, so that a cross-attention block is two layers that attend to each
 * other's keys (model/cross.h).
 *
 *	transformer_declare(&l, t, "time.layers.0", d, heads, residual_gain);
 *	y = transformer_plan(&l, kept, x, max_batch, n, true, false); // live until the backward pass
 *	transformer_plan_scratch(&l, scratch, max_batch);             // buffers the next layer may use again
 *	transformer_forward(t, &l, batch);                            // reads x, writes y
 *	transformer_backward(t, &l, dx, batch);                       // dx: gradient of y, on return of x
 *
 * Training keeps 6D floats a token (qkv, attention, u, and y, the next layer's x); norms, up and GELU are
 * computed again in the backward pass. Inference keeps nothing: y is x.
 */
#ifndef MODEL_TRANSFORMER_H
#define MODEL_TRANSFORMER_H

#include <stdbool.h>

#include "model/arena.h"
#include "model/linear.h"
#include "model/norm.h"

struct transformer_layer {
	int d, n_heads, n; /* width, heads, tokens of a record */
	bool is_training;
	struct norm norm1, norm2;
	struct linear qkv, out, up, down;
	/* rows M = B*N */
	float *x;	 /* [M,D] input */
	float *qkv_y;	 /* [M,3D] */
	float *attended; /* [M,D] */
	float *lse;	 /* [B,H,N] */
	float *u, *y;	 /* [M,D] */
	/* scratch */
	float *narrow, *wide; /* [M,D], [M,4D] */
	float *stats;	      /* [2M] */
	float *before;	      /* [M,4D] GELU's argument, in finish_backward */
};

/* residual_gain scales the initial weights of out and down: 1/sqrt(branches) keeps the sum of branches at
 * unit variance. */
void transformer_declare(struct transformer_layer *l, struct tensors *t, const char *name, int d, int n_heads,
			 float residual_gain);

/* Plan for records of n tokens with input x; returns y. keeps_qkv: qkv_y outlives finish even in inference.
 */
float *transformer_plan(struct transformer_layer *l, struct arena *a, float *x, int max_batch, int n,
			bool is_training, bool keeps_qkv);
/* Returns where all of it but `before` ends: a mark to go back to for what is used after
 * finish_backward alone. */
size_t transformer_plan_scratch(struct transformer_layer *l, struct arena *a, int max_batch);

void transformer_forward(const struct tensors *t, const struct transformer_layer *l, int batch);
void transformer_backward(const struct tensors *t, const struct transformer_layer *l, float *dx, int batch);

/* The steps. attend: l's queries over the keys and values of `keys` (l itself for self-attention). */
void transformer_project(const struct tensors *t, const struct transformer_layer *l, int batch);
void transformer_attend(const struct tensors *t, const struct transformer_layer *l,
			const struct transformer_layer *keys, int batch);
void transformer_finish(const struct tensors *t, const struct transformer_layer *l, int batch);

/* Backwards, in reverse order; attend_backward writes the queries' part of l's and the keys' and values' part
 * of keys' gradient, so all attend_backwards come before any project_backward. */
void transformer_finish_backward(const struct tensors *t, const struct transformer_layer *l, float *dx,
				 int batch);
void transformer_attend_backward(const struct tensors *t, const struct transformer_layer *l,
				 const struct transformer_layer *keys, int batch);
void transformer_project_backward(const struct tensors *t, const struct transformer_layer *l, float *dx,
				  int batch);

/* The attention map of l over keys, as long as both have their qkv_y: probability [B,H,N,Nk]; out [M,D]
 * receives what was attended to once more. Both in ops memory. */
void transformer_map(const struct tensors *t, const struct transformer_layer *l,
		     const struct transformer_layer *keys, float *out, float *probability, int batch);

#endif
