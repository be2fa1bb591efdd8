/* Which rows' gradients are summed apart, for operations on both sides of a card (kernels/ops.h). */
#ifndef KERNELS_SUMS_H
#define KERNELS_SUMS_H

#include <stddef.h>
#include <stdint.h>

/* Rows of a backward pass that come in blocks (docs/numerics.md), `rows` each, the last may be shorter: every
 * block has gradients of parameters of its own, those of block i at i * stride floats. {0}: one block. */
struct by_block {
	int rows;
	size_t stride;
};

/* The same for records whose gradients are summed in parts: sum i is of records first[i]..first[i+1]-1, most
 * of them at most, and goes to block[i] of n_blocks, ascending; one block's gradients begin `stride` floats
 * behind the one before. first and block NULL: most records each, the last may have fewer, and each sum is a
 * block. */
struct record_sums {
	int n, most, n_blocks;
	const int32_t *first, *block; /* [n+1], [n]; ops memory */
	size_t stride;
};

#endif
