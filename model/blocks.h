/*
 * A batch of views as blocks of 64, and whose they are: what sums over a batch are made of (docs/numerics.md,
 * "Blocks"). The processes of a team own contiguous blocks. Sums of blocks go through the pairwise tree over
 * all blocks of the batch, an odd last one moving up unchanged: the same sum for any number of processes.
 *
 *	struct blocks b = blocks_of(ops, team, 2 * n);          // team NULL: all blocks are this process's
 *	for (int i = b.first; i < b.end; i++)
 *		work(blocks_start(&b, i), blocks_views(&b, i)); // views of the batch
 *	blocks_sum(&b, sums, width);                            // sums [own blocks,width]: total in row 0
 */
#ifndef MODEL_BLOCKS_H
#define MODEL_BLOCKS_H

#include "common/team.h"
#include "kernels/ops.h"

enum { BLOCKS_VIEWS = 64 };

struct blocks {
	const struct ops *ops;
	struct team *team;
	int n_views, n_blocks; /* of the batch */
	int first, end;	       /* blocks of this process */
};

/* Dies if the team has more processes than the batch has blocks. n_views >= 1. */
struct blocks blocks_of(const struct ops *ops, struct team *team, int n_views);

/* First view of block i, and how many it has; blocks_start of b->end is where this process's views end. */
int blocks_start(const struct blocks *b, int i);
int blocks_views(const struct blocks *b, int i);
int blocks_own_views(const struct blocks *b);
/* The most views that a process of this team has in any batch of at most n_views. */
int blocks_most_views(const struct team *team, int n_views);

/* sums [2*n_blocks,width] in ops memory, first a row for each of this process's blocks, in their order, then
 * room; changed. The total over all blocks of the batch ends in the first row, in every process. */
void blocks_sum(const struct blocks *b, float *sums, size_t width);

/* rows [n_views,width] in ops memory, this process's views filled: fill in the others'. */
void blocks_gather(const struct blocks *b, float *rows, size_t width);
/* The total of numbers in host memory, of_block [n_blocks], this process's filled; changed. */
double blocks_sum_host(const struct blocks *b, double *of_block);

/* ---- the tree: nodes that wait for their right neighbour, as in a binary counter ---- */

enum { BLOCKS_NODES = 64 }; /* more than can wait: 2 log2 of the number of blocks */

struct blocks_node {
	int first, end,
		level; /* blocks first..end-1; end - first = 2^level, less for the last node of its level */
};

struct blocks_tree {
	int n_blocks, n;
	struct blocks_node node[BLOCKS_NODES];
};

/* The next node to the right takes place n, and then joins as often as it may: each time the sum at place
 * n - 1 must be added to the one at place n - 2. Returns how often, for the caller to do so. */
int blocks_join(struct blocks_tree *t, struct blocks_node node);

/* The nodes that rank r holds once its blocks are summed up, as a tree. */
struct blocks_tree blocks_nodes(const struct blocks *b, int r);

#endif
