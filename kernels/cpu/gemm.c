/*
 * Blocked GEMM (after Goto and van de Geijn 2008): B is packed in panels of TILE_COLUMNS columns, K is cut into blocks that
 * keep a panel in the first-level cache, A is read where it lies if its rows are contiguous. Blocks of K are taken in
 * ascending order and C is taken up again between them, so each element remains one fma chain; threads share out blocks
 * of C and never split K.
 */
#include "kernels/cpu/gemm.h"

#include "common/die.h"
#include "common/pool.h"
#include "kernels/cpu/math.h"
#include "kernels/cpu/tile.h"
#include "kernels/workspace.h"

enum {
	KC = 256,	    /* B panel: KC * TILE_COLUMNS floats, 32 KiB with AVX-512 */
	MC = 8 * TILE_ROWS, /* rows of A in the second-level cache */
	NC = 1024,	    /* columns of B packed at a time */
	GROUP = 1 << 20,    /* floats of B packed before work on them starts */
};

static int min_int(int a, int b)
{
	return a < b ? a : b;
}

static int round_up(int n, int to)
{
	return (n + to - 1) / to * to;
}

static int items_of(const struct gemm *g)
{
	return g->batch > 1 ? g->batch : 1;
}

static bool is_chained(const struct gemm *g)
{
	return items_of(g) > 1 && g->stride_c == 0;
}

/* Blocks of K of nearly equal size, at most KC: the size of each but the last. */
static int k_block(int k)
{
	int n = (k + KC - 1) / KC;
	return n ? (k + n - 1) / n : 1;
}

/* B[k0.., j0..] of one item as tile_rows wants it. */
struct operand_b {
	const float *p;
	ptrdiff_t row, column;
};

static struct operand_b operand_b(const struct gemm *g, int item, int k0, int j0)
{
	struct operand_b b = {.row = g->is_b_transposed ? 1 : g->ldb,
			      .column = g->is_b_transposed ? g->ldb : 1};
	b.p = g->b + (size_t)item * g->stride_b + k0 * b.row + j0 * b.column;
	return b;
}

/* Rows that are 4 KiB apart fall into one set of the first-level cache and push each other out: those are packed, and
 * columns always are. */
static bool is_read_in_place(const struct gemm *g)
{
	return !g->is_a_transposed && (g->lda % 512 != 0 || g->m <= TILE_ROWS / 2);
}

/* A[i0..i0+m, k0..k0+k] of one item. */
static struct tile_a operand_a(const struct gemm *g, float *buffer, int item, int i0, int m, int k0, int k)
{
	struct tile_a a = {.row = g->is_a_transposed ? 1 : g->lda, .column = g->is_a_transposed ? g->lda : 1};
	a.p = g->a + (size_t)item * g->stride_a + i0 * a.row + k0 * a.column;
	return is_read_in_place(g) ? a : ISA(tile_pack)(buffer, a, m, k);
}

/* Where a block of C is built up: C itself, or a buffer of this thread when C's old values are still needed at the
 * end. */
struct target {
	float *c;
	ptrdiff_t ldc;
};

static bool is_aside(const struct gemm *g)
{
	return g->residual == g->c;
}

static struct target target_of(const struct gemm *g, int item, int i0, int j0)
{
	if (is_aside(g))
		return (struct target){workspace_thread(WORKSPACE_TILE), NC};
	return (struct target){g->c + (size_t)item * g->stride_c + (ptrdiff_t)i0 * g->ldc + j0, g->ldc};
}

/* Bias, GELU, GELU's derivative and residual for C[i0..i0+m, j0..j0+n] of one item. */
static void finish(const struct gemm *g, struct target t, int item, int i0, int m, int j0, int n)
{
	size_t at = (size_t)item * g->stride_c + (size_t)i0 * (size_t)g->ldc + (size_t)j0;
	if (!g->bias && !g->before_gelu && !g->gelu_argument && !g->residual)
		return;
	for (int i = 0; i < m; i++, at += (size_t)g->ldc) {
		for (int j = 0; j < n; j += 16) {
			int left = n - j;
			size_t e = at + (size_t)j;
			v16 x = v_load_up_to(t.c + i * t.ldc + j, left);
			if (g->bias)
				x = v_add(x, v_load_up_to(g->bias + j0 + j, left));
			if (g->before_gelu) {
				v_store_up_to(g->before_gelu + e, x, left);
				x = v_gelu(x);
			}
			if (g->gelu_argument)
				x = v_mul(x, v_gelu_gradient(v_load_up_to(g->gelu_argument + e, left)));
			if (g->residual)
				x = v_add(x, v_load_up_to(g->residual + e, left));
			v_store_up_to(g->c + e, x, left);
		}
	}
}

/* A block of C from rows of A and packed panels of B over one block of K; the epilogue follows each panel's columns while
 * they are in the cache. */
struct block {
	int item, i0, m, j0, n, k;
	bool is_first, is_last; /* of the blocks of K */
};

static void multiply(const struct gemm *g, const struct block *b, struct target t, struct tile_a a,
		     const float *panels)
{
	bool is_accumulated = !b->is_first || g->is_accumulated;
	for (int j = 0; j < b->n; j += TILE_COLUMNS) {
		int cols = min_int(TILE_COLUMNS, b->n - j);
		struct target column = {t.c + j, t.ldc};
		ISA(tile_product)
		(column.c, t.ldc, a, panels + (ptrdiff_t)j * b->k, TILE_COLUMNS, b->m, cols, b->k,
		 is_accumulated);
		if (b->is_last)
			finish(g, column, b->item, b->i0, b->m, b->j0 + j, cols);
	}
}

/* Panels of B[k0..k0+k, j0..j0+n], one after the other. */
static void pack_b(float *to, const struct gemm *g, int item, int k0, int k, int j0, int n)
{
	for (int j = 0; j < n; j += TILE_COLUMNS) {
		struct operand_b b = operand_b(g, item, k0, j0 + j);
		ISA(tile_rows)
		(to + (ptrdiff_t)j * k, TILE_COLUMNS, b.p, b.row, b.column, min_int(TILE_COLUMNS, n - j), k);
	}
}

/* ---- one product in one thread: packs all of B for itself ---- */

static size_t a_buffer(const struct gemm *g)
{
	return tile_pack_size(MC, k_block(g->k));
}

void ISA(gemm_reserve)(const struct gemm *g)
{
	workspace_reserve(WORKSPACE_PACK,
			  a_buffer(g) +
				  (size_t)k_block(g->k) * (size_t)round_up(min_int(NC, g->n), TILE_COLUMNS));
	if (is_aside(g))
		workspace_reserve(WORKSPACE_TILE, (size_t)MC * NC);
}

/* An empty product is zero, or C's old value. */
static void multiply_nothing(const struct gemm *g, struct block *b)
{
	struct target t = target_of(g, b->item, b->i0, b->j0);
	for (int i = 0; i < b->m && !g->is_accumulated; i++)
		memset(t.c + i * t.ldc, 0, (size_t)b->n * sizeof *t.c);
	finish(g, t, b->item, b->i0, b->m, b->j0, b->n);
}

/* C[i0..i0+m, j0..j0+n] over all of K, and over n_chained items that extend its chains. */
static void serial_block(const struct gemm *g, struct block *b, int n_chained)
{
	float *buffer = workspace_thread(WORKSPACE_PACK), *panels = buffer + a_buffer(g);
	struct target t = target_of(g, b->item, b->i0, b->j0);
	int kc = k_block(g->k), first = b->item;
	for (int c = 0; c < n_chained; c++) {
		for (int k0 = 0; k0 < g->k; k0 += kc) {
			b->k = min_int(kc, g->k - k0);
			b->is_first = c == 0 && k0 == 0;
			b->is_last = c == n_chained - 1 && k0 + b->k == g->k;
			struct tile_a a = operand_a(g, buffer, first + c, b->i0, b->m, k0, b->k);
			if (b->i0 == 0 || g->k > kc ||
			    n_chained > 1) /* else still there from the rows before */
				pack_b(panels, g, first + c, k0, b->k, b->j0, b->n);
			multiply(g, b, t, a, panels);
		}
	}
}

static void serial_item(const struct gemm *g, int item, int n_chained, int i_first, int i_end)
{
	for (int j0 = 0; j0 < g->n; j0 += NC)
		for (int i0 = i_first; i0 < i_end; i0 += MC) {
			struct block b = {.item = item,
					  .i0 = i0,
					  .m = min_int(MC, i_end - i0),
					  .j0 = j0,
					  .n = min_int(NC, g->n - j0)};
			if (g->k > 0)
				serial_block(g, &b, n_chained);
			else
				multiply_nothing(g, &b);
		}
}

void ISA(gemm_serial)(const struct gemm *g)
{
	int n_items = items_of(g), step = is_chained(g) ? n_items : 1;
	for (int item = 0; item < n_items; item += step)
		serial_item(g, item, step, 0, g->m);
}

/* ---- one product over all threads: B packed once ---- */

struct parallel {
	const struct gemm *g;
	float *packed; /* B[k0..k0+k, j0..j0+n]: per block of kc, panels of TILE_COLUMNS columns */
	int j0, n, k0, k, kc;
	int mc, nc, n_row_blocks, n_column_blocks;
};

static float *packed_panel(const struct parallel *p, int k_from, int j)
{
	int k = min_int(p->kc, p->k - k_from), width = round_up(p->n, TILE_COLUMNS);
	return p->packed + (ptrdiff_t)k_from * width + (ptrdiff_t)j * k;
}

static void pack_task(void *context, int task)
{
	const struct parallel *p = context;
	int n_panels = (p->n + TILE_COLUMNS - 1) / TILE_COLUMNS;
	int k_from = task / n_panels * p->kc, j = task % n_panels * TILE_COLUMNS;
	pack_b(packed_panel(p, k_from, j), p->g, 0, p->k0 + k_from, min_int(p->kc, p->k - k_from), p->j0 + j,
	       min_int(TILE_COLUMNS, p->n - j));
}

static void multiply_task(void *context, int task)
{
	const struct parallel *p = context;
	const struct gemm *g = p->g;
	int i = task / p->n_column_blocks % p->n_row_blocks * p->mc, j = task % p->n_column_blocks * p->nc;
	struct block b = {.item = task / (p->n_row_blocks * p->n_column_blocks),
			  .i0 = i,
			  .m = min_int(p->mc, g->m - i),
			  .j0 = p->j0 + j,
			  .n = min_int(p->nc, p->n - j)};
	struct target t = target_of(g, b.item, b.i0, b.j0);
	for (int k_from = 0; k_from < p->k; k_from += p->kc) {
		int k0 = p->k0 + k_from;
		b.k = min_int(p->kc, p->k - k_from);
		b.is_first = k0 == 0;
		b.is_last = k0 + b.k == g->k;
		struct tile_a a = operand_a(g, workspace_thread(WORKSPACE_PACK), b.item, b.i0, b.m, k0, b.k);
		multiply(g, &b, t, a, packed_panel(p, k_from, j));
	}
}

/* Enough tasks for threads to finish together, in blocks as large as that allows. */
static void share_out(struct parallel *p, int n_items)
{
	int wanted = pool_threads() > 1 ? 4 * pool_threads() : 1;
	p->mc = MC;
	while (p->mc > 2 * TILE_ROWS && (p->g->m + p->mc - 1) / p->mc * n_items < wanted)
		p->mc -= TILE_ROWS;
	p->n_row_blocks = (p->g->m + p->mc - 1) / p->mc;
	p->nc = round_up(p->n, TILE_COLUMNS);
	while (p->nc > 4 * TILE_COLUMNS && p->n_row_blocks * n_items * ((p->n + p->nc - 1) / p->nc) < wanted)
		p->nc = round_up(p->nc / 2, TILE_COLUMNS);
	p->n_column_blocks = (p->n + p->nc - 1) / p->nc;
}

static void parallel_products(const struct gemm *g, int n_items)
{
	struct parallel p = {.g = g, .kc = k_block(g->k)};
	workspace_reserve(WORKSPACE_PACK, a_buffer(g));
	if (is_aside(g))
		workspace_reserve(WORKSPACE_TILE, (size_t)MC * NC);
	for (p.j0 = 0; p.j0 < g->n; p.j0 += NC) {
		p.n = min_int(NC, g->n - p.j0);
		int width = round_up(p.n, TILE_COLUMNS), group = GROUP / width / p.kc * p.kc;
		if (is_aside(g) || n_items > 1) /* a block set aside, or an item, is finished in one go */
			group = g->k;
		p.packed = workspace_shared(WORKSPACE_PACK, (size_t)min_int(group, g->k) * (size_t)width);
		share_out(&p, n_items);
		for (p.k0 = 0; p.k0 < g->k; p.k0 += group) {
			p.k = min_int(group, g->k - p.k0);
			int n_k = (p.k + p.kc - 1) / p.kc, n_panels = (p.n + TILE_COLUMNS - 1) / TILE_COLUMNS;
			pool_run(pack_task, &p, n_k * n_panels);
			pool_run(multiply_task, &p, n_items * p.n_row_blocks * p.n_column_blocks);
		}
	}
}

static void item_task(void *context, int item)
{
	const struct gemm *g = context;
	serial_item(g, item, 1, 0, g->m);
}

enum { CHAIN_ROWS = 2 * TILE_ROWS };

static void chain_task(void *context, int task)
{
	const struct gemm *g = context;
	serial_item(g, 0, items_of(g), task * CHAIN_ROWS, min_int((task + 1) * CHAIN_ROWS, g->m));
}

void ISA(gemm_run)(const struct gemm *g)
{
	int n_items = items_of(g);
	if (g->m <= 0 || g->n <= 0)
		return;
	if (is_aside(g) && g->is_accumulated)
		BUG("gemm: C cannot be both accumulated and its own residual");
	ISA(gemm_reserve)(g);
	if (is_chained(g))
		pool_run(chain_task, (void *)(uintptr_t)g, (g->m + CHAIN_ROWS - 1) / CHAIN_ROWS);
	else if (g->k == 0 || (n_items > 1 && g->stride_b != 0))
		pool_run(item_task, (void *)(uintptr_t)g, n_items);
	else
		parallel_products(g, n_items);
}
