#include "model/blocks.h"

#include <stdlib.h>

#include "common/die.h"

static int first_of(int n_blocks, int rank, int size)
{
	return (int)((long)n_blocks * rank / size);
}

struct blocks blocks_of(const struct ops *ops, struct team *team, int n_views)
{
	int rank = team_rank(team), size = team_size(team);
	struct blocks b = {.ops = ops, .team = team, .n_views = n_views};
	b.n_blocks = (n_views + BLOCKS_VIEWS - 1) / BLOCKS_VIEWS;
	if (size > b.n_blocks)
		die("%d processes, but a batch of %d views has %d blocks of %d; start at most %d processes "
		    "or make the batch larger",
		    size, n_views, b.n_blocks, BLOCKS_VIEWS, b.n_blocks);
	b.first = first_of(b.n_blocks, rank, size);
	b.end = first_of(b.n_blocks, rank + 1, size);
	return b;
}

int blocks_start(const struct blocks *b, int i)
{
	int start = i * BLOCKS_VIEWS;
	return start < b->n_views ? start : b->n_views;
}

int blocks_views(const struct blocks *b, int i)
{
	return blocks_start(b, i + 1) - blocks_start(b, i);
}

int blocks_own_views(const struct blocks *b)
{
	return blocks_start(b, b->end) - blocks_start(b, b->first);
}

int blocks_most_views(const struct team *team, int n_views)
{
	int n_blocks = (n_views + BLOCKS_VIEWS - 1) / BLOCKS_VIEWS, size = team_size(team);
	int most = (n_blocks + size - 1) / size * BLOCKS_VIEWS;
	return most < n_views ? most : n_views;
}

/* ---- the tree ---- */

/* a and b, to its right, are the two halves of a node; b is short, or lower, only at the end of the batch. */
static bool is_pair(const struct blocks_node *a, const struct blocks_node *b, int n_blocks)
{
	return a->first % (2 << a->level) == 0 && b->first == a->first + (1 << a->level) &&
	       (b->level == a->level || b->end == n_blocks);
}

int blocks_join(struct blocks_tree *t, struct blocks_node node)
{
	int n_joined = 0;
	if (t->n == BLOCKS_NODES)
		BUG("more nodes of a tree than can wait");
	t->node[t->n++] = node;
	while (t->n > 1 && is_pair(&t->node[t->n - 2], &t->node[t->n - 1], t->n_blocks)) {
		t->node[t->n - 2].end = t->node[t->n - 1].end;
		t->node[t->n - 2].level++;
		t->n--;
		n_joined++;
	}
	return n_joined;
}

struct blocks_tree blocks_nodes(const struct blocks *b, int r)
{
	int size = team_size(b->team), end = first_of(b->n_blocks, r + 1, size);
	struct blocks_tree t = {.n_blocks = b->n_blocks};
	for (int i = first_of(b->n_blocks, r, size); i < end; i++)
		blocks_join(&t, (struct blocks_node){i, i + 1, 0});
	return t;
}

/* ---- small sums ---- */

/* Sums that wait, and where each is. */
struct waiting {
	struct blocks_tree tree;
	float *row[BLOCKS_NODES];
};

/* What joins the first row comes to stand in total, which may be that row. */
static void join(const struct blocks *b, struct waiting *w, struct blocks_node node, float *row, float *total,
		 size_t width)
{
	int last = w->tree.n;
	w->row[last] = row;
	for (int n = blocks_join(&w->tree, node); n > 0; n--, last--) {
		float *to = last == 1 ? total : w->row[last - 1];
		b->ops->add(to, w->row[last - 1], w->row[last], width);
		w->row[last - 1] = to;
	}
}

/* own: this process's nodes, to all; everybody's into rows, in the order of processes and nodes. */
static void exchange_nodes(const struct blocks *b, const struct waiting *own, float *rows, size_t width)
{
	int size = team_size(b->team), n_send = 0, n_receive = 0;
	struct team_piece *send = die_malloc((size_t)(size * own->tree.n) * sizeof *send);
	struct team_piece *receive = die_malloc((size_t)b->n_blocks * sizeof *receive);
	for (int r = 0; r < size; r++) {
		for (int k = 0; k < own->tree.n; k++)
			send[n_send++] = (struct team_piece){r, own->row[k], width * sizeof(float)};
		for (int k = blocks_nodes(b, r).n; k > 0; k--, rows += width)
			receive[n_receive++] = (struct team_piece){r, rows, width * sizeof(float)};
	}

	b->ops->exchange(b->team, send, n_send, receive, n_receive);
	free(send);
	free(receive);
}

/* own: this process's nodes, in the first half of sums; the total ends in its first row. */
static void sum_over_team(const struct blocks *b, const struct waiting *own, float *sums, size_t width)
{
	float *row = sums + (size_t)b->n_blocks * width;
	exchange_nodes(b, own, row, width);

	struct waiting all = {.tree.n_blocks = b->n_blocks};
	for (int r = 0; r < team_size(b->team); r++) {
		struct blocks_tree nodes = blocks_nodes(b, r);
		for (int k = 0; k < nodes.n; k++, row += width)
			join(b, &all, nodes.node[k], row, sums, width);
	}
}

void blocks_sum(const struct blocks *b, float *sums, size_t width)
{
	struct waiting own = {.tree.n_blocks = b->n_blocks};
	float *row = sums;
	if (team_size(b->team) == 1) {
		b->ops->sum_blocks(sums, sums, b->n_blocks, width);
		return;
	}
	for (int i = b->first; i < b->end; i++, row += width)
		join(b, &own, (struct blocks_node){i, i + 1, 0}, row, sums, width);
	sum_over_team(b, &own, sums, width);
}

/* ---- rows ---- */

void blocks_gather(const struct blocks *b, float *rows, size_t width)
{
	size_t n_bytes[TEAM_MOST], row = width * sizeof *rows;
	int size = team_size(b->team);
	if (size == 1)
		return;
	for (int r = 0; r < size; r++)
		n_bytes[r] = row * (size_t)(blocks_start(b, first_of(b->n_blocks, r + 1, size)) -
					    blocks_start(b, first_of(b->n_blocks, r, size)));

	b->ops->gather(b->team, rows, n_bytes);
}

double blocks_sum_host(const struct blocks *b, double *of_block)
{
	size_t n_bytes[TEAM_MOST];
	int size = team_size(b->team);
	for (int r = 0; r < size; r++)
		n_bytes[r] = sizeof *of_block *
			     (size_t)(first_of(b->n_blocks, r + 1, size) - first_of(b->n_blocks, r, size));
	team_gather(b->team, of_block, n_bytes);
	for (int step = 1; step < b->n_blocks; step *= 2)
		for (int i = 0; i + step < b->n_blocks; i += 2 * step)
			of_block[i] += of_block[i + step];
	return of_block[0];
}
