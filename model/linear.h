/*
 * y = x W^T + b as a layer over struct tensors.  x: [rows,in]  W: [out,in]  b: [out]  y: [rows,out].
 */
#ifndef MODEL_LINEAR_H
#define MODEL_LINEAR_H

#include "model/tensors.h"

struct linear {
	int n_in, n_out;
	int weight, bias; /* numbers of its tensors */
};

/* Declares "<name>.weight" (drawn with variance gain^2/in) and "<name>.bias" (zeros). */
struct linear linear_declare(struct tensors *t, const char *name, int n_in, int n_out, float gain);

/* residual [rows,out] is added last, NULL: none; it may be y. */
void linear_forward(const struct tensors *t, const struct linear *l, float *y, const float *x, int rows,
		    const float *residual);
/* y = GELU(x W^T + b); before (may be NULL) keeps GELU's argument for the backward pass. */
void linear_forward_gelu(const struct tensors *t, const struct linear *l, float *y, float *before,
			 const float *x, int rows);
/* dW += dy^T x, db += column sums of dy, then dx = dy W unless dx is NULL; dx may be x. before: what GELU was
 * applied to to get x, NULL: x is no GELU's output; dx is then the gradient of before. */
void linear_backward(const struct tensors *t, const struct linear *l, float *dx, const float *dy,
		     const float *x, int rows, const float *before);

#endif
