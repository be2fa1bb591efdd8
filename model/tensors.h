/*
 * Named parameters of a network in one flat float32 array, and their gradients in another of the same layout.
 * Names follow PyTorch's habit ("time.layers.0.attention.qkv.weight"); linear weights are [out,in], convolutions
 * [out,tap,in] (docs/model.md gives the permutation to PyTorch's [out,in,tap]).
 */
#ifndef MODEL_TENSORS_H
#define MODEL_TENSORS_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/ops.h"

struct tensor {
	char name[64];
	int shape[4]; /* unused ones are 0 */
	size_t offset, count; /* in floats, offset a multiple of 16 */
	bool has_decay;       /* weight decay applies: matrices and kernels, not biases, norms, embeddings */
};

struct tensors {
	struct tensor *list;
	int n;
	size_t count;              /* floats in the flat arrays, padding included (padding stays 0) */
	float *weights, *gradients; /* ops memory; gradients NULL when not training */
};

/* The tensor of this name, or NULL. */
const struct tensor *tensors_find(const struct tensors *t, const char *name);

#endif
