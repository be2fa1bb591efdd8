/* Sums over blocks: the tree of all blocks, whoever owns them. Three processes and fifteen blocks
 * expose a wrong order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/die.h"
#include "model/gradients.h"
#include "numbers/philox.h"

enum { WIDTH = 37, SECOND = 50, LARGEST_TEAM = 5, LARGEST_BATCH = 21 };

/* Block i's numbers: of many sizes, so that another order gives other bits. */
static void fill(float *to, int block, int n)
{
	struct philox r = philox_open(1, PURPOSE_NOISE, (uint64_t)block, 0);
	for (int i = 0; i < n; i++)
		to[i] = (float)(philox_normal(&r) * (1 << i % 11));
}

/* Neighbours in pairs, level by level; an odd last one moves up. */
static void add_in_tree(float *rows, int n_blocks, int n)
{
	for (; n_blocks > 1; n_blocks = (n_blocks + 1) / 2)
		for (int i = 0; i < (n_blocks + 1) / 2; i++)
			for (int j = 0; j < n; j++)
				rows[i * n + j] = 2 * i + 1 < n_blocks
							  ? rows[2 * i * n + j] + rows[(2 * i + 1) * n + j]
							  : rows[2 * i * n + j];
}

struct batch {
	int n_views, n_blocks;
	float expected[WIDTH + SECOND];
	double loss;
};

static struct batch batch_of(int n_blocks)
{
	static float rows[LARGEST_BATCH * (WIDTH + SECOND)];
	struct batch b = {.n_views = n_blocks * BLOCKS_VIEWS - (n_blocks % 2 ? BLOCKS_VIEWS / 2 : 0),
			  .n_blocks = n_blocks};
	for (int i = 0; i < n_blocks; i++)
		fill(rows + i * (WIDTH + SECOND), i, WIDTH + SECOND);
	add_in_tree(rows, n_blocks, WIDTH + SECOND);
	memcpy(b.expected, rows, sizeof b.expected);
	return b;
}

static void views_and_blocks(void *context, struct team *team)
{
	const struct batch *batch = context;
	struct blocks b = blocks_of(ops_cpu_named("scalar"), team, batch->n_views);
	int n_views = 0;
	assert_int_equal(b.n_blocks, batch->n_blocks);
	assert_true(b.end > b.first);
	for (int i = b.first; i < b.end; i++) {
		assert_in_range(blocks_views(&b, i), 1, BLOCKS_VIEWS);
		n_views += blocks_views(&b, i);
	}
	assert_int_equal(n_views, blocks_own_views(&b));
	assert_true(n_views <= blocks_most_views(team, batch->n_views));
	assert_int_equal(blocks_start(&b, b.n_blocks), batch->n_views);
}

static void small_sums(void *context, struct team *team)
{
	const struct batch *batch = context;
	struct blocks b = blocks_of(ops_cpu_named("scalar"), team, batch->n_views);
	float *sums = b.ops->alloc(2 * (size_t)b.n_blocks * WIDTH * sizeof *sums);
	double loss[LARGEST_BATCH] = {0};
	for (int i = b.first; i < b.end; i++) {
		fill(sums + (i - b.first) * WIDTH, i, WIDTH);
		loss[i] = 1.0 / (i + 3);
	}

	blocks_sum(&b, sums, WIDTH);
	assert_memory_equal(sums, batch->expected, WIDTH * sizeof *sums);
	double sum = blocks_sum_host(&b, loss);
	if (!team)
		((struct batch *)context)->loss = sum;
	assert_true(sum == batch->loss);
	b.ops->release(sums);
}

static void rows_of_views(void *context, struct team *team)
{
	const struct batch *batch = context;
	struct blocks b = blocks_of(ops_cpu_named("scalar"), team, batch->n_views);
	size_t n = (size_t)b.n_views * 3;
	float *rows = b.ops->alloc(n * sizeof *rows);
	for (int i = blocks_start(&b, b.first) * 3; i < blocks_start(&b, b.end) * 3; i++)
		rows[i] = (float)i;
	blocks_gather(&b, rows, 3);
	for (size_t i = 0; i < n; i++)
		assert_true(rows[i] == (float)i);
	b.ops->release(rows);
}

/* Two tensors, the first of WIDTH floats; ranges: both at once, or the second before the first. */
static void sum_gradients(struct team *team, const struct batch *batch, bool is_in_parts)
{
	struct tensors t;
	struct gradients g;
	const struct ops *ops = ops_cpu_named("scalar");
	struct blocks b = blocks_of(ops, team, batch->n_views);
	tensors_init(&t, ops);
	int first = tensors_add(&t, &(struct tensor){.shape = {WIDTH}}, "first");
	int second = tensors_add(&t, &(struct tensor){.shape = {SECOND}}, "second");
	tensors_alloc(&t, true);
	gradients_init(&g, &t, is_in_parts ? SECOND : t.count);

	for (int step = 0; step < 2; step++) { /* the second finds the first one's numbers */
		for (int part = 0; part < 1 + is_in_parts; part++) {
			const struct tensor *range = &t.list[part == 0 ? second : first];
			gradients_begin(&g, &b, is_in_parts ? range->offset : 0,
					is_in_parts ? range->count : t.count);
			for (int i = b.first; i < b.end; i++) {
				float block[WIDTH + SECOND];
				fill(block, i, WIDTH + SECOND);
				gradients_leaf(&g);
				if (!is_in_parts || part == 1)
					memcpy(tensors_gradient(&t, first), block, WIDTH * sizeof *block);
				if (!is_in_parts || part == 0)
					memcpy(tensors_gradient(&t, second), block + WIDTH,
					       SECOND * sizeof *block);
				gradients_push(&g);
			}
		}
		gradients_total(&g);
		assert_ptr_equal(tensors_gradient(&t, first), t.gradients);
		assert_memory_equal(tensors_gradient(&t, first), batch->expected, WIDTH * sizeof(float));
		assert_memory_equal(tensors_gradient(&t, second), batch->expected + WIDTH,
				    SECOND * sizeof(float));
	}

	gradients_release(&g);
	tensors_release(&t);
}

static void gradients_at_once(void *context, struct team *team)
{
	sum_gradients(team, context, false);
}

static void gradients_in_parts(void *context, struct team *team)
{
	sum_gradients(team, context, true);
}

/* Alone first, which sets what a team must find again. */
static void for_all_teams(void (*run)(void *context, struct team *team))
{
	for (int n_blocks = 1; n_blocks <= LARGEST_BATCH; n_blocks++) {
		struct batch b = batch_of(n_blocks);
		run(&b, NULL);
		for (int size = 1; size <= LARGEST_TEAM && size <= n_blocks; size++)
			team_threads(size, run, &b);
	}
}

static void every_view_is_in_one_block_of_one_process(void **state)
{
	(void)state;
	for_all_teams(views_and_blocks);
}

static void sums_are_the_trees_for_any_number_of_processes(void **state)
{
	(void)state;
	for_all_teams(small_sums);
	for_all_teams(gradients_at_once);
	for_all_teams(gradients_in_parts);
}

static void rows_are_gathered_in_order(void **state)
{
	(void)state;
	for_all_teams(rows_of_views);
}

static void lent_memory_is_used_and_not_released(void **state)
{
	(void)state;
	static float lent[3][128], small[1][8];
	struct tensors t;
	struct gradients g;
	struct blocks b = blocks_of(ops_cpu_named("scalar"), NULL, 4 * BLOCKS_VIEWS);
	tensors_init(&t, b.ops);
	tensors_add(&t, &(struct tensor){.shape = {100}}, "w");
	tensors_alloc(&t, true);
	gradients_init(&g, &t, t.count);
	gradients_lend(&g, 1, lent[0], 128);
	gradients_lend(&g, 2, small[0], 8);
	gradients_reserve(&g, &b);
	assert_ptr_equal(g.level[1].p, lent[0]);
	assert_ptr_not_equal(g.level[2].p, small[0]);
	gradients_release(&g);
	tensors_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_view_is_in_one_block_of_one_process),
		cmocka_unit_test(sums_are_the_trees_for_any_number_of_processes),
		cmocka_unit_test(rows_are_gathered_in_order),
		cmocka_unit_test(lent_memory_is_used_and_not_released),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
