/*
 * The gradients of a batch: each block's from zero, then their sum in the tree of model/blocks.h,
 * over all processes of the team. What waits for its neighbour takes an array each: about log2 of
 * the number of blocks.
 *
 *	struct gradients g;
 *	gradients_init(&g, tensors, tensors->count);
 *	gradients_begin(&g, &blocks, 0, tensors->count); // or for one range of the flat array after the other
 *	for (int i = blocks.first; i < blocks.end; i++) {
 *		gradients_leaf(&g);                      // tensors_gradient now leads to zeros,
 *		backward(block i);                       // to which the backward pass adds
 *		gradients_push(&g);
 *	}
 *	gradients_total(&g);                             // tensors->gradients: the batch's
 */
#ifndef MODEL_GRADIENTS_H
#define MODEL_GRADIENTS_H

#include "model/blocks.h"
#include "model/tensors.h"

struct gradients {
	struct tensors *tensors; /* borrowed */
	size_t n_range;		 /* floats of the longest range */
	struct blocks blocks;
	struct blocks_tree tree; /* of the range in hand */
	size_t first, n;	 /* that range */
	int most, n_leaves;	 /* blocks of a pass: at most, and of the one in hand */
	float *leaves;		 /* ops memory [most][n_range]; NULL: passes of one block */
	int n_kept;		 /* nodes of this process: their arrays hold all ranges, the others one */
	struct {
		float *p; /* ops memory; the first is tensors->gradients */
		size_t n;
		bool is_lent;
	} level[BLOCKS_NODES];
	/* of a team: everybody's nodes, a slice of each; ops memory */
	float *slices;
	size_t n_slices;
};

void gradients_init(struct gradients *g, struct tensors *t, size_t n_range);
/* Passes of up to so many blocks, for gradients_leaves: an array for each. Before the first
 * gradients_reserve. */
void gradients_widen(struct gradients *g, int n_blocks);
void gradients_release(struct gradients *g);

/* Memory for the array of place i >= 1, n floats which nobody else needs once this process's first i blocks
 * are pushed and until gradients_total. Without effect if it is too small. Before the first
 * gradients_reserve. */
void gradients_lend(struct gradients *g, int i, float *p, size_t n);

/* Allocate for batches like this one; gradients_begin does so too, and finds all there. */
void gradients_reserve(struct gradients *g, const struct blocks *b);

/* first, n: floats of the flat array; together the ranges of a batch must hold every tensor
 * that has a gradient. */
void gradients_begin(struct gradients *g, const struct blocks *b, size_t first, size_t n);
void gradients_leaf(struct gradients *g);
/* The same for a pass of the next n blocks, which have n_views views together. */
void gradients_leaves(struct gradients *g, int n, int n_views);
/* The same for blocks i.. of the batch, as many as a pass may have; returns where they end. */
int gradients_pass(struct gradients *g, int i);
void gradients_push(struct gradients *g);
/* After the last range. */
void gradients_total(struct gradients *g);

#endif
