/*
 * LayerNorm (Ba, Kiros, Hinton 2016) over the last axis as a layer over struct tensors, eps 1e-5.
 */
#ifndef MODEL_NORM_H
#define MODEL_NORM_H

#include "model/tensors.h"

struct norm {
	int d;
	int weight, bias; /* numbers of its tensors */
};

/* Declares "<name>.weight" (ones) and "<name>.bias" (zeros). */
struct norm norm_declare(struct tensors *t, const char *name, int d);

/* y = norm(x), x, y: [rows,d], y not x; stats [2*rows] receives mean and 1/deviation of each row. */
void norm_forward(const struct tensors *t, const struct norm *n, float *y, float *stats, const float *x,
		  int rows);
/* Adds to the gradients; dx = gradient of x + dresidual (NULL: none; may be dx). */
void norm_backward(const struct tensors *t, const struct norm *n, float *dx, const float *dy, const float *x,
		   const float *stats, const float *dresidual, int rows);

#endif
