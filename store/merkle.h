/*
 * The Merkle tree of RFC 6962, section 2.1, over the leaf digests of a table in key order:
 *	node = SHA-256(0x01 | left | right), split at the largest power of two below the number of leaves
 * The root of no leaves is SHA-256 of nothing. Streaming: one node per complete subtree, no list of leaves.
 *
 *	struct merkle m;
 *	merkle_init(&m);
 *	for (...) merkle_add(&m, &leaf);
 *	struct digest root = merkle_root(&m);
 */
#ifndef STORE_MERKLE_H
#define STORE_MERKLE_H

#include <stdint.h>

#include "store/digest.h"

struct merkle {
	struct digest stack[64]; /* roots of complete subtrees, one per set bit of count, the largest first */
	uint64_t count;		 /* leaves so far */
};

void merkle_init(struct merkle *m);
void merkle_add(struct merkle *m, const struct digest *leaf);
/* Add the root of a complete subtree of 2^height leaves, as if they were added one by one; the leaves so far
 * must be a multiple of 2^height. */
void merkle_add_subtree(struct merkle *m, const struct digest *node, int height);
struct digest merkle_root(const struct merkle *m);

#endif
