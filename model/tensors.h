/*
 * Named parameters of a network in one flat float32 array, and their gradients in another of the same layout,
 * so that the optimiser, the norm and the clearing of gradients are one pass each.
 * Names follow PyTorch's habit ("time.layers.0.attention.qkv.weight"); linear weights are [out,in],
 * convolutions [out,tap,in]: PyTorch's [out,in,tap] with the last two axes exchanged.
 *
 *	struct tensors t;
 *	tensors_init(&t, ops);
 *	int w = tensors_add(&t, &(struct tensor){.shape = {64, 12}, .spread = 0.1f, .has_decay = true},
 *			    "a.%d.weight", i);
 *	tensors_alloc(&t, is_training);
 *	tensors_draw(&t, seed);
 *	float *p = tensors_weight(&t, w);
 *
 * Loading a model: for each of t.list look the name up in the file and upload to t.weights + offset.
 */
#ifndef MODEL_TENSORS_H
#define MODEL_TENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/ops.h"

struct tensor {
	char name[64];
	int shape[4];	      /* unused ones are 0 */
	size_t offset, count; /* in floats, offset a multiple of 16 */
	float start, spread;  /* a drawn weight is start + spread * (standard normal cut at 2, its deviation
				 made 1) */
	bool has_decay;	      /* weight decay applies: matrices and kernels, not biases, norms, embeddings */
};

struct tensors {
	const struct ops *ops;
	struct tensor *list;
	int n;
	size_t count; /* floats in the flat arrays, padding included (padding stays 0) */
	float *weights,
		*gradients; /* ops memory; NULL before tensors_alloc; gradients NULL when not training */
	float *aim; /* where a backward pass adds its gradients: floats aim_first.. of the flat array */
	size_t aim_first;
	size_t aim_stride; /* between those of one block and the next, of a pass of several */
	int n_views;	   /* of such a pass; 0: one of a block */
};

void tensors_init(struct tensors *t, const struct ops *ops);
void tensors_release(struct tensors *t);

/* Declare a tensor with the shape, start, spread and has_decay of like, and return its number (its place in
 * list). Those declared in a row lie in a row. A name twice, or too long, is a BUG. */
int tensors_add(struct tensors *t, const struct tensor *like, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Allocate the flat arrays, zeroed; with gradients or without. No tensors_add after this. */
void tensors_alloc(struct tensors *t, bool with_gradients);

/* Draw all weights: Philox keyed by (seed, tensor's number), so that a tensor's values depend on no other. */
void tensors_draw(struct tensors *t, uint64_t seed);

/* The tensor of this name, or NULL. */
const struct tensor *tensors_find(const struct tensors *t, const char *name);

/* Where tensor i's weights are, and where a backward pass is to add its gradients (ops memory). */
float *tensors_weight(const struct tensors *t, int i);
float *tensors_gradient(const struct tensors *t, int i);

/* Backward passes add to p, which holds floats first.. of the flat array: one block's gradients. At first,
 * and with (t->gradients, 0), to the flat array itself. */
void tensors_aim(struct tensors *t, float *p, size_t first);
/* The same for a pass of n_views, several blocks (model/blocks.h): block i's gradients at i * stride. */
void tensors_aim_blocks(struct tensors *t, float *p, size_t first, size_t stride, int n_views);

/* How that pass's rows, as many for each view, come in blocks. */
struct by_block tensors_blocks(const struct tensors *t, int rows);
/* The gradient of a matrix: g adds to that of the first block, over k rows of a and b, which are all rows. */
void tensors_product(const struct tensors *t, struct gemm g);

void tensors_zero_gradients(struct tensors *t);

#endif
