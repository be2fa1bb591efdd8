#include "model/gradients.h"

#include <stdlib.h>

#include "common/die.h"

void gradients_init(struct gradients *g, struct tensors *t, size_t n_range)
{
	*g = (struct gradients){.tensors = t, .n_range = n_range, .most = 1, .n_leaves = 1};
	g->level[0].p = t->gradients;
	g->level[0].n = t->count;
}

void gradients_release(struct gradients *g)
{
	const struct ops *ops = g->tensors->ops;
	for (int i = 1; i < BLOCKS_NODES; i++)
		if (g->level[i].p && !g->level[i].is_lent)
			ops->release(g->level[i].p);
	if (g->slices)
		ops->release(g->slices);
	if (g->leaves)
		ops->release(g->leaves);
}

void gradients_widen(struct gradients *g, int n_blocks)
{
	g->most = n_blocks;
	if (n_blocks > 1)
		g->leaves = g->tensors->ops->alloc((size_t)n_blocks * g->n_range * sizeof *g->leaves);
}

void gradients_lend(struct gradients *g, int i, float *p, size_t n)
{
	g->level[i].p = p;
	g->level[i].n = n;
	g->level[i].is_lent = true;
}

static void grow_level(struct gradients *g, int i, size_t n)
{
	const struct ops *ops = g->tensors->ops;
	if (g->level[i].n >= n)
		return;
	if (g->level[i].p && !g->level[i].is_lent)
		ops->release(g->level[i].p);
	g->level[i].is_lent = false;
	g->level[i].p = ops->alloc(n * sizeof(float));
	g->level[i].n = n;
}

/* ---- slices: rank r adds up floats slice_start(r).. of everybody's nodes ---- */

enum { ALIGN = 16 };

static size_t slice_start(const struct gradients *g, int r)
{
	size_t count = g->tensors->count, size = (size_t)team_size(g->blocks.team);
	size_t start = ((count + size - 1) / size + ALIGN - 1) / ALIGN * ALIGN * (size_t)r;
	return start < count ? start : count;
}

static size_t slice_size(const struct gradients *g, int r)
{
	return slice_start(g, r + 1) - slice_start(g, r);
}

static void reserve_team(struct gradients *g)
{
	size_t n = 0;
	for (int r = 0; r < team_size(g->blocks.team); r++)
		n += (size_t)blocks_nodes(&g->blocks, r).n;
	n *= slice_size(g, 0);
	if (n <= g->n_slices)
		return;

	if (g->slices)
		g->tensors->ops->release(g->slices);
	g->slices = g->tensors->ops->alloc(n * sizeof *g->slices);
	g->n_slices = n;
}

/* The nodes that n blocks of one pass make. */
static struct blocks_tree tree_of_pass(const struct blocks *b, int first, int n)
{
	struct blocks_tree t = {.n_blocks = b->n_blocks};
	for (int i = first; i < first + n; i++)
		blocks_join(&t, (struct blocks_node){i, i + 1, 0});
	return t;
}

void gradients_reserve(struct gradients *g, const struct blocks *b)
{
	struct blocks_tree t = {.n_blocks = b->n_blocks};
	int depth = 0;

	g->blocks = *b;
	g->n_kept = blocks_nodes(b, team_rank(b->team)).n;
	for (int i = b->first; i < b->end; i += g->most) {
		struct blocks_tree pass = tree_of_pass(b, i, b->end - i < g->most ? b->end - i : g->most);
		for (int k = 0; k < pass.n; k++) {
			depth = t.n + 1 > depth ? t.n + 1 : depth;
			blocks_join(&t, pass.node[k]);
		}
	}

	for (int i = 1; i < depth; i++)
		grow_level(g, i, i < g->n_kept ? g->tensors->count : g->n_range);
	if (team_size(b->team) > 1)
		reserve_team(g);
}

/* ---- this process's blocks ---- */

void gradients_begin(struct gradients *g, const struct blocks *b, size_t first, size_t n)
{
	if (n > g->n_range)
		BUG("a range of gradients longer than was said");
	gradients_reserve(g, b);
	g->tree = (struct blocks_tree){.n_blocks = b->n_blocks};
	g->first = first;
	g->n = n;
}

static float *place(const struct gradients *g, int i)
{
	return g->level[i].p + (i < g->n_kept ? g->first : 0);
}

void gradients_leaf(struct gradients *g)
{
	float *leaf = place(g, g->tree.n);
	g->n_leaves = 1;
	g->tensors->ops->zero(leaf, g->n * sizeof *leaf);
	tensors_aim(g->tensors, leaf, g->first);
}

void gradients_leaves(struct gradients *g, int n, int n_views)
{
	if (n > g->most)
		BUG("a pass of more blocks than was said");
	if (n == 1) {
		gradients_leaf(g);
		return;
	}
	g->n_leaves = n;
	g->tensors->ops->zero(g->leaves, (size_t)n * g->n * sizeof *g->leaves);
	tensors_aim_blocks(g->tensors, g->leaves, g->first, g->n, n_views);
}

int gradients_pass(struct gradients *g, int i)
{
	const struct blocks *b = &g->blocks;
	int end = b->end - i < g->most ? b->end : i + g->most;
	gradients_leaves(g, end - i, blocks_start(b, end) - blocks_start(b, i));
	return end;
}

static void push(struct gradients *g, struct blocks_node node)
{
	int last = g->tree.n;
	for (int n = blocks_join(&g->tree, node); n > 0; n--, last--)
		g->tensors->ops->add(place(g, last - 1), place(g, last - 1), place(g, last), g->n);
}

void gradients_push(struct gradients *g)
{
	int first = g->tree.n ? g->tree.node[g->tree.n - 1].end : g->blocks.first;
	struct blocks_tree pass = tree_of_pass(&g->blocks, first, g->n_leaves);
	const float *leaves = g->leaves;
	for (int k = 0; k < pass.n; k++) {
		int n = pass.node[k].end - pass.node[k].first;
		if (g->n_leaves > 1)
			g->tensors->ops->sum_blocks(place(g, g->tree.n), leaves, n, g->n);
		push(g, pass.node[k]);
		leaves = leaves ? leaves + (size_t)n * g->n : NULL;
	}
}

/* ---- the team's ---- */

/* This process's nodes, slice by slice, to those who add them up; theirs into slices, in the order
 * of ranks and nodes. */
static void exchange(struct gradients *g)
{
	int size = team_size(g->blocks.team), n_send = 0, n_receive = 0;
	size_t own = slice_size(g, team_rank(g->blocks.team));
	float *slice = g->slices;
	struct team_piece *send = die_malloc((size_t)(size * g->n_kept) * sizeof *send);
	struct team_piece *receive = die_malloc((size_t)(size * BLOCKS_NODES) * sizeof *receive);

	for (int r = 0; r < size; r++) {
		for (int k = 0; k < g->n_kept; k++)
			send[n_send++] = (struct team_piece){r, g->level[k].p + slice_start(g, r),
							     slice_size(g, r) * sizeof(float)};
		for (int k = blocks_nodes(&g->blocks, r).n; k > 0; k--, slice += own)
			receive[n_receive++] = (struct team_piece){r, slice, own * sizeof(float)};
	}

	g->tensors->ops->exchange(g->blocks.team, send, n_send, receive, n_receive);
	free(send);
	free(receive);
}

/* Slices of all nodes, in the order of ranks and nodes, become their sum in this process's slice of the
 * batch's gradients. */
static void add_slices(struct gradients *g)
{
	const struct ops *ops = g->tensors->ops;
	struct blocks_tree t = {.n_blocks = g->blocks.n_blocks};
	int rank = team_rank(g->blocks.team);
	size_t own = slice_size(g, rank);
	float *waiting[BLOCKS_NODES], *slice = g->slices,
				      *total = g->tensors->gradients + slice_start(g, rank);

	for (int r = 0; r < team_size(g->blocks.team); r++) {
		struct blocks_tree nodes = blocks_nodes(&g->blocks, r);
		for (int k = 0; k < nodes.n; k++, slice += own) {
			int last = t.n;
			waiting[last] = slice;
			for (int n = blocks_join(&t, nodes.node[k]); n > 0; n--, last--) {
				float *to = last == 1 ? total : waiting[last - 1];
				ops->add(to, waiting[last - 1], waiting[last], own);
				waiting[last - 1] = to;
			}
		}
	}
}

static void sum_over_team(struct gradients *g)
{
	size_t n_bytes[TEAM_MOST];
	exchange(g);
	add_slices(g);
	for (int r = 0; r < team_size(g->blocks.team); r++)
		n_bytes[r] = slice_size(g, r) * sizeof(float);
	g->tensors->ops->gather(g->blocks.team, g->tensors->gradients, n_bytes);
}

void gradients_total(struct gradients *g)
{
	if (g->tree.n != g->n_kept)
		BUG("a block's gradients are missing");
	if (team_size(g->blocks.team) > 1)
		sum_over_team(g);
	tensors_aim(g->tensors, g->tensors->gradients, 0);
}
