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

static void join(const struct blocks *b, struct waiting *w, struct blocks_node node, float *row, size_t width)
{
	int last = w->tree.n;
	w->row[last] = row;
	for (int n = blocks_join(&w->tree, node); n > 0; n--, last--)
		b->ops->add(w->row[last - 1], w->row[last - 1], w->row[last], width);
}

/* Every process's nodes to all; n_bytes [size] of their rows. Returns how many nodes come
 * before this one's. */
static size_t count_nodes(const struct blocks *b, size_t *n_bytes, size_t width, size_t *n_all)
{
	size_t before = 0;
	*n_all = 0;
	for (int r = 0; r < team_size(b->team); r++) {
		size_t n = (size_t)blocks_nodes(b, r).n;
		n_bytes[r] = n * width * sizeof(float);
		before += r < team_rank(b->team) ? n : 0;
		*n_all += n;
	}
	return before;
}

/* own: this process's nodes; the total ends in the first row of sums. */
static void sum_over_team(const struct blocks *b, const struct waiting *own, float *sums, size_t width)
{
	size_t n_bytes[TEAM_MOST], n_all, at = count_nodes(b, n_bytes, width, &n_all);
	float *host = die_malloc(n_all * width * sizeof *host);
	for (int k = 0; k < own->tree.n; k++)
		b->ops->download(host + (at + (size_t)k) * width, own->row[k], width * sizeof *host);
	team_gather(b->team, host, n_bytes);
	b->ops->upload(sums, host, n_all * width * sizeof *host);
	free(host);

	struct waiting all = {.tree.n_blocks = b->n_blocks};
	for (int r = 0; r < team_size(b->team); r++) {
		struct blocks_tree nodes = blocks_nodes(b, r);
		for (int k = 0; k < nodes.n; k++, sums += width)
			join(b, &all, nodes.node[k], sums, width);
	}
}

void blocks_sum(const struct blocks *b, float *sums, size_t width)
{
	struct waiting own = {.tree.n_blocks = b->n_blocks};
	float *row = sums;
	for (int i = b->first; i < b->end; i++, row += width)
		join(b, &own, (struct blocks_node){i, i + 1, 0}, row, width);
	if (team_size(b->team) > 1)
		sum_over_team(b, &own, sums, width);
}

/* ---- rows ---- */

void blocks_gather(const struct blocks *b, float *rows, size_t width)
{
	size_t n_bytes[TEAM_MOST], row = width * sizeof *rows, from = (size_t)blocks_start(b, b->first) * row;
	int size = team_size(b->team);
	if (size == 1)
		return;
	for (int r = 0; r < size; r++)
		n_bytes[r] = row * (size_t)(blocks_start(b, first_of(b->n_blocks, r + 1, size)) -
					    blocks_start(b, first_of(b->n_blocks, r, size)));

	char *host = die_malloc((size_t)b->n_views * row);
	b->ops->download(host + from, (char *)rows + from, n_bytes[team_rank(b->team)]);
	team_gather(b->team, host, n_bytes);
	b->ops->upload(rows, host, (size_t)b->n_views * row);
	free(host);
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
