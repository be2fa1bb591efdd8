/*
 * Blocked GEMM (after Goto and van de Geijn 2008). K is cut into blocks that keep a panel of B in the
 * first-level cache; B is packed in panels of TILE_COLUMNS columns unless it is small; A is read where it
 * lies, rows or columns: packing it pays for columns with AVX2 alone, not even where its rows fall into one
 * set of the first-level cache. Blocks of K are taken in ascending order and C is taken up again between
 * them, so each element remains one fma chain; threads share out blocks of C and never split K.
 */
#include "kernels/cpu/gemm.h"

#include <string.h>

#include "common/die.h"
#include "common/pool.h"
#include "kernels/cpu/items.h"
#include "kernels/cpu/math.h"
#include "kernels/cpu/tile.h"
#include "kernels/workspace.h"

/* With AVX-512 it costs more than it brings (docs/performance.md). */
#if defined __AVX2__ && !defined __AVX512F__
#define A_PACKED 1
#else
#define A_PACKED 0
#endif

enum {
	A_PACKED_FROM = 64,  /* columns of C that repay it */
	KC = 256,	     /* B panel: KC * TILE_COLUMNS floats, 32 KiB with AVX-512 */
	MC = 16 * TILE_ROWS, /* rows of A that a panel of B meets while both are in the caches */
	NC = 1024,	     /* columns of B packed at a time */
	IN_PLACE = 32 << 10, /* floats of B up to which few rows of A do not repay packing */
	SHARED = 256 << 10,  /* floats of packed B for all threads; of a larger one each packs its blocks */
	OWN_SIDE = 384,	     /* rows and columns of a block of C with its own packing of B */
	OWN_ROWS = OWN_SIDE + TILE_ROWS,
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

/* ---- operands ---- */

/* B[k0.., j0..] of one item: element (k, j) is p[k*row + j*column]. */
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

/* A[i0.., k0..] of one item. */
static struct tile_a operand_a(const struct gemm *g, int item, int i0, int k0)
{
	const float *p = g->a + (size_t)item * g->stride_a;
	return g->is_a_transposed ? tile_columns_of(p + i0 + (ptrdiff_t)k0 * g->lda, g->lda)
				  : tile_rows_of(p + (ptrdiff_t)i0 * g->lda + k0, g->lda);
}

/* Panels of B[k0..k0+k, j0..j0+n], one after the other. */
static void pack_b(float *to, const struct gemm *g, int item, int k0, int k, int j0, int n)
{
	for (int j = 0; j < n; j += TILE_COLUMNS, to += (ptrdiff_t)TILE_COLUMNS * k) {
		struct operand_b b = operand_b(g, item, k0, j0 + j);
		ISA(tile_rows)(to, TILE_COLUMNS, b.p, b.row, b.column, min_int(TILE_COLUMNS, n - j), k);
	}
}

/* Where a block is built up until its last block of K: the argument of GELU if that is kept, a buffer of this
 * thread if C's old values are still needed at the end, else C. */
static bool is_aside(const struct gemm *g)
{
	return g->residual == g->c && g->k > KC && !g->before_gelu;
}

/* Is A packed too? Columns of A lie a row apart: a step of k takes a line of its own, of which it reads a
 * part. Up to MC of them are dense as they are. */
static bool is_a_packed(const struct gemm *g)
{
	return A_PACKED && g->is_a_transposed && g->lda > MC && g->n >= A_PACKED_FROM && !is_aside(g);
}

/* A^T[k, m] in the tiles that multiply_panel makes, each dense: [k][rows]. */
static void pack_a(float *to, struct tile_a a, int m, int k)
{
	for (int left = (m + TILE_ROWS - 1) / TILE_ROWS, rows; left > 0; left--, m -= rows) {
		rows = (m + left - 1) / left;
		const float *p = a.p;
		if (rows == TILE_ROWS)
			for (int i = 0; i < k; i++, to += TILE_ROWS, p += a.column)
				memcpy(to, p, TILE_ROWS * sizeof *to);
		else
			for (int i = 0; i < k; i++, to += rows, p += a.column)
				memcpy(to, p, (size_t)rows * sizeof *to);
		a.p += rows;
	}
}

/* ---- one block of C ---- */

struct block {
	int item, i0, m, j0, n, k;
	bool is_first, is_last; /* of the blocks of K */
};

static size_t place(const struct gemm *g, const struct block *b)
{
	return (size_t)b->item * g->stride_c + (size_t)b->i0 * (size_t)g->ldc + (size_t)b->j0;
}

/* The tiles' part of the epilogue is bias, and residual if GELU has no part in it. */
static struct tile_c target(const struct gemm *g, const struct block *b)
{
	size_t at = place(g, b);
	struct tile_c c = {.c = (g->before_gelu ? g->before_gelu : g->c) + at, .ldc = g->ldc};
	bool is_started = !b->is_first || g->is_accumulated;

	if (is_started) {
		c.from = b->is_first ? g->c + at : c.c;
		c.ld_from = g->ldc;
	}

	if (is_aside(g)) {
		float *aside = workspace_thread(WORKSPACE_TILE);
		c.from = b->is_first ? NULL : aside;
		c.ld_from = NC;
		if (!b->is_last) {
			c.c = aside;
			c.ldc = NC;
		}
	}

	if (b->is_last && g->bias)
		c.bias = g->bias + b->j0;
	if (b->is_last && g->residual && !g->before_gelu && !g->gelu_argument)
		c.residual = g->residual + at;

	return c;
}

/* GELU or its derivative, and the residual after them, for a block whose products are complete. Whole rows:
 * arrays that come from memory want long runs. The two that matter are functions of their own, so that tables
 * stay in registers. */
INLINE void finish_rows(const struct gemm *g, const struct block *b, const bool has_gelu,
			const bool has_argument, const bool has_residual)
{
	const size_t at = place(g, b), ld = (size_t)g->ldc;
	const float *argument = g->gelu_argument, *residual = g->residual;
	float *c = g->c + at;
	const float *from = has_gelu ? g->before_gelu + at : c;

	argument = has_argument ? argument + at : NULL;
	residual = has_residual ? residual + at : NULL;
	for (int i = 0; i < b->m; i++) {
		for (int j = 0; j < b->n; j += 16) {
			int left = b->n - j;
			v16 x = v_load_up_to(from + j, left);
			if (has_gelu)
				x = v_gelu(x);
			if (has_argument)
				x = v_mul(x, v_gelu_gradient(v_load_up_to(argument + j, left)));
			if (has_residual)
				x = v_add(x, v_load_up_to(residual + j, left));
			v_store_up_to(c + j, x, left);
		}
		c += ld;
		from += ld;
		argument = has_argument ? argument + ld : NULL;
		residual = has_residual ? residual + ld : NULL;
	}
}

static __attribute__((noinline)) void finish_gelu(const struct gemm *g, const struct block *b)
{
	finish_rows(g, b, true, false, false);
}

static __attribute__((noinline)) void finish_slope(const struct gemm *g, const struct block *b)
{
	finish_rows(g, b, false, true, false);
}

static __attribute__((noinline)) void finish(const struct gemm *g, const struct block *b)
{
	if (!g->gelu_argument && !g->residual)
		finish_gelu(g, b);
	else if (!g->before_gelu && !g->residual)
		finish_slope(g, b);
	else
		finish_rows(g, b, g->before_gelu, g->gelu_argument, g->residual);
}

/* B as the tiles read it: panel by panel, or in place. */
struct columns {
	const float *p;
	ptrdiff_t ldb;
	bool is_packed;
};

/* Rows of A^T and B that the next block of K will read, asked for a few lines at a time between
 * tiles: hardware does not foresee strides of a row, and many requests at once wait for each other
 * and hold up the tiles. */
struct rows_ahead {
	const float *p;
	ptrdiff_t ld;
	int k, n; /* rows left, floats of each; k is 0: nothing to ask for */
	int at;	  /* next float of the first row left */
};

struct foresight {
	struct rows_ahead a, b;
	int a_lines, b_lines; /* per tile */
};

/* Inline, because gcc takes a function that only prefetches for one without effect and drops the call. */
INLINE void look_ahead(struct rows_ahead *r, int n_lines)
{
	for (; n_lines > 0 && r->k > 0; n_lines--) {
		__builtin_prefetch(r->p + r->at, 0, 2);
		r->at += 16;
		if (r->at >= r->n) {
			r->at = 0;
			r->p += r->ld;
			r->k--;
		}
	}
}

static int lines_per_tile(const struct rows_ahead *r, int n_tiles)
{
	return (r->k * ((r->n + 15) / 16) + n_tiles - 1) / n_tiles;
}

static struct foresight foresee(const struct gemm *g, const struct block *b, int k0, bool is_b_wanted)
{
	struct foresight f = {0};
	int n_tiles = (b->m + TILE_ROWS - 1) / TILE_ROWS * ((b->n + TILE_COLUMNS - 1) / TILE_COLUMNS);

	if (!g->is_a_transposed || k0 >= g->k)
		return f;
	f.a = (struct rows_ahead){.p = operand_a(g, b->item, b->i0, k0).p,
				  .ld = g->lda,
				  .k = min_int(b->k, g->k - k0),
				  .n = b->m};
	f.a_lines = lines_per_tile(&f.a, n_tiles);

	if (is_b_wanted && !g->is_b_transposed) {
		f.b = (struct rows_ahead){
			.p = operand_b(g, b->item, k0, b->j0).p, .ld = g->ldb, .k = f.a.k, .n = b->n};
		f.b_lines = lines_per_tile(&f.b, n_tiles);
	}

	return f;
}

/* One panel of B with all rows of A, the next block's rows being asked for between groups of tiles. */
static void multiply_panel(struct tile_c c, struct tile_a a, bool is_packed, const float *panel,
			   ptrdiff_t ldb, int m, int cols, int k, struct foresight *f)
{
	if (f->a.k == 0 && !is_packed) {
		ISA(tile_product)(&c, a, panel, ldb, m, cols, k);
		return;
	}
	for (int left = (m + TILE_ROWS - 1) / TILE_ROWS, rows; left > 0; left--, m -= rows) {
		rows = (m + left - 1) / left;
		look_ahead(&f->a, f->a_lines);
		look_ahead(&f->b, f->b_lines);
		a.column = is_packed ? rows : a.column;
		ISA(tile_product)(&c, a, panel, ldb, rows, cols, k);
		c.c += rows * c.ldc;
		c.from = c.from ? c.from + rows * c.ld_from : NULL;
		c.residual = c.residual ? c.residual + rows * c.ldc : NULL;
		a.p += is_packed ? (ptrdiff_t)rows * k : rows * a.row;
	}
}

static void multiply_rows(const struct gemm *g, const struct block *b, struct tile_a a, bool is_packed,
			  struct columns columns, struct foresight *f)
{
	struct tile_c c = target(g, b);

	for (int j = 0; j < b->n; j += TILE_COLUMNS) {
		int cols = min_int(TILE_COLUMNS, b->n - j);
		const float *panel = columns.p; /* NULL if k is 0 */
		if (panel)
			panel += columns.is_packed ? (ptrdiff_t)j * b->k : j;
		multiply_panel(c, a, is_packed, panel, columns.ldb, b->m, cols, b->k, f);
		c.c += TILE_COLUMNS;
		c.from = c.from ? c.from + TILE_COLUMNS : NULL;
		c.bias = c.bias ? c.bias + TILE_COLUMNS : NULL;
		c.residual = c.residual ? c.residual + TILE_COLUMNS : NULL;
	}
}

static void multiply(const struct gemm *g, const struct block *b, struct tile_a a, struct columns columns,
		     int k_next, bool is_b_next)
{
	struct foresight f = foresee(g, b, k_next, is_b_next);

	if (is_a_packed(g)) {
		float *packed = workspace_thread(WORKSPACE_PACK_A);
		struct block part = *b;
		for (; part.i0 < b->i0 + b->m; part.i0 += part.m, a.p += part.m) {
			part.m = min_int(MC, b->i0 + b->m - part.i0);
			pack_a(packed, a, part.m, b->k);
			multiply_rows(g, &part, tile_columns_of(packed, 0), true, columns, &f);
		}
	} else {
		multiply_rows(g, b, a, false, columns, &f);
	}

	if (b->is_last && (g->before_gelu || g->gelu_argument))
		finish(g, b);
}

/* ---- blocks of C, each with its own packing of B ---- */

static bool is_b_in_place(const struct gemm *g, int m)
{
	return !g->is_b_transposed && m <= 8 * TILE_ROWS && (long)g->ldb * min_int(g->k, KC) <= IN_PLACE;
}

void ISA(gemm_reserve)(const struct gemm *g)
{
	size_t width = (size_t)round_up(min_int(NC, g->n), TILE_COLUMNS);
	workspace_reserve(WORKSPACE_PACK, (size_t)k_block(g->k) * width);
	if (is_aside(g))
		workspace_reserve(WORKSPACE_TILE, (size_t)OWN_ROWS * NC);
	if (is_a_packed(g))
		workspace_reserve(WORKSPACE_PACK_A, (size_t)k_block(g->k) * MC);
}

/* An empty product is zero, or C's old value. */
static void multiply_nothing(const struct gemm *g, struct block *b)
{
	b->is_first = b->is_last = true;
	multiply(g, b, tile_rows_of(NULL, 0), (struct columns){NULL, 0, false}, g->k, false);
}

/* C[i0..i0+m, j0..j0+n] over all of K, and over n_chained items that extend its chains; n <= NC, and
 * m <= OWN_ROWS if the block is set aside. */
static void own_block(const struct gemm *g, const struct block *whole, int n_chained)
{
	float *panels = workspace_thread(WORKSPACE_PACK);
	int kc = k_block(g->k);
	for (int c = 0; c < n_chained; c++) {
		for (int k0 = 0; k0 < g->k; k0 += kc) {
			struct block b = *whole;
			b.k = min_int(kc, g->k - k0);
			b.is_first = c == 0 && k0 == 0;
			b.is_last = c == n_chained - 1 && k0 + b.k == g->k;
			struct columns columns = {panels, TILE_COLUMNS, true};
			if (is_b_in_place(g, whole->m))
				columns = (struct columns){operand_b(g, whole->item + c, k0, b.j0).p, g->ldb,
							   false};
			else
				pack_b(panels, g, whole->item + c, k0, b.k, b.j0, b.n);
			b.item += c;
			multiply(g, &b, operand_a(g, b.item, b.i0, k0), columns, k0 + b.k, true);
		}
	}
}

/* The same with any n and m. */
static void own_rows(const struct gemm *g, int item, int n_chained, int i0, int m)
{
	int step = is_aside(g) ? OWN_SIDE : m;
	for (int j0 = 0; j0 < g->n; j0 += NC) {
		for (int i = i0; i < i0 + m; i += step) {
			struct block b = {.item = item,
					  .i0 = i,
					  .m = min_int(step, i0 + m - i),
					  .j0 = j0,
					  .n = min_int(NC, g->n - j0)};
			if (g->k > 0)
				own_block(g, &b, n_chained);
			else
				multiply_nothing(g, &b);
		}
	}
}

void ISA(gemm_serial)(const struct gemm *g)
{
	int n_items = items_of(g), step = is_chained(g) ? n_items : 1;
	for (int item = 0; item < n_items; item += step)
		own_rows(g, item, step, 0, g->m);
}

/* ---- one product over all threads ---- */

struct parallel {
	const struct gemm *g;
	float *packed; /* shared B[.., j0..j0+n]: per block of kc, panels of TILE_COLUMNS columns */
	int j0, n, kc;
	int mc, nc, n_row_blocks, n_column_blocks;
};

enum { ITEMS = 8 }; /* per task */

static void own_items_task(void *context, int task)
{
	const struct gemm *g = context;
	int end = min_int(items_of(g), (task + 1) * ITEMS);
	for (int item = task * ITEMS; item < end; item++)
		own_rows(g, item, 1, 0, g->m);
}

/* One block of a grid over C, of every item; items of a chain are one. */
static void own_block_task(void *context, int task)
{
	const struct parallel *p = context;
	const struct gemm *g = p->g;
	int i = task / p->n_column_blocks * p->mc, j = task % p->n_column_blocks * p->nc;
	struct block b = {.i0 = i, .m = min_int(p->mc, g->m - i), .j0 = j, .n = min_int(p->nc, g->n - j)};
	int n_items = items_of(g), step = is_chained(g) ? n_items : 1;
	for (; b.item < n_items; b.item += step)
		own_block(g, &b, step);
}

/* Blocks of up to OWN_SIDE by OWN_SIDE: large enough to repay packing, small enough that B's and A's part
 * stay in the second-level cache and that threads finish together. */
static void run_own_blocks(const struct gemm *g)
{
	struct parallel p = {.g = g};
	int n_threads = pool_threads(), rows = (g->m + OWN_SIDE - 1) / OWN_SIDE,
	    columns = (g->n + OWN_SIDE - 1) / OWN_SIDE;

	while (n_threads > 1 && rows * columns < 2 * n_threads &&
	       (g->m / rows > 4 * TILE_ROWS || g->n / columns > 2 * TILE_COLUMNS)) {
		if (g->m / rows >= g->n / columns)
			rows++;
		else
			columns++;
	}

	p.mc = round_up((g->m + rows - 1) / rows, TILE_ROWS);
	p.nc = round_up((g->n + columns - 1) / columns, TILE_COLUMNS);
	p.n_row_blocks = (g->m + p.mc - 1) / p.mc;
	p.n_column_blocks = (g->n + p.nc - 1) / p.nc;
	pool_run(own_block_task, &p, p.n_row_blocks * p.n_column_blocks);
}

static float *packed_panel(const struct parallel *p, int k0, int j)
{
	int k = min_int(p->kc, p->g->k - k0), width = round_up(p->n, TILE_COLUMNS);
	return p->packed + (ptrdiff_t)k0 * width + (ptrdiff_t)j * k;
}

static void pack_task(void *context, int task)
{
	const struct parallel *p = context;
	int n_panels = (p->n + TILE_COLUMNS - 1) / TILE_COLUMNS;
	int k0 = task / n_panels * p->kc, j = task % n_panels * TILE_COLUMNS;
	pack_b(packed_panel(p, k0, j), p->g, 0, k0, min_int(p->kc, p->g->k - k0), p->j0 + j,
	       min_int(TILE_COLUMNS, p->n - j));
}

static void shared_task(void *context, int task)
{
	const struct parallel *p = context;
	const struct gemm *g = p->g;
	int i = task / p->n_column_blocks % p->n_row_blocks * p->mc, j = task % p->n_column_blocks * p->nc;
	struct block b = {.item = task / (p->n_row_blocks * p->n_column_blocks),
			  .i0 = i,
			  .m = min_int(p->mc, g->m - i),
			  .j0 = p->j0 + j,
			  .n = min_int(p->nc, p->n - j)};

	for (int k0 = 0; k0 < g->k; k0 += p->kc) {
		b.k = min_int(p->kc, g->k - k0);
		b.is_first = k0 == 0;
		b.is_last = k0 + b.k == g->k;
		struct tile_a a = operand_a(g, b.item, b.i0, k0);
		multiply(g, &b, a, (struct columns){packed_panel(p, k0, j), TILE_COLUMNS, true}, k0 + b.k,
			 false);
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

static void run_shared(const struct gemm *g, int n_items)
{
	struct parallel p = {.g = g, .kc = k_block(g->k)};
	for (p.j0 = 0; p.j0 < g->n; p.j0 += NC) {
		p.n = min_int(NC, g->n - p.j0);
		int n_k = (g->k + p.kc - 1) / p.kc, n_panels = (p.n + TILE_COLUMNS - 1) / TILE_COLUMNS;
		p.packed = workspace_shared(WORKSPACE_PACK, (size_t)g->k * (size_t)(n_panels * TILE_COLUMNS));
		share_out(&p, n_items);
		pool_run(pack_task, &p, n_k * n_panels);
		pool_run(shared_task, &p, n_items * p.n_row_blocks * p.n_column_blocks);
	}
}

static const float *moved(const float *p, size_t by)
{
	return p ? p + by : NULL;
}

static void run_last_apart(const struct gemm *g)
{
	size_t i = (size_t)items_of(g) - 1;
	struct gemm before = *g, last = *g;
	before.batch = (int)i;
	before.last_k = last.last_k = last.batch = 0;
	last.k = g->last_k;
	last.a += i * g->stride_a;
	last.b += i * g->stride_b;
	last.c += i * g->stride_c;
	last.before_gelu = g->before_gelu ? g->before_gelu + i * g->stride_c : NULL;
	last.gelu_argument = moved(g->gelu_argument, i * g->stride_c);
	last.residual = moved(g->residual, i * g->stride_c);
	if (i > 0)
		ISA(gemm_run)(&before);
	ISA(gemm_run)(&last);
}

void ISA(gemm_run)(const struct gemm *g)
{
	int n_items = items_of(g);
	if (g->m <= 0 || g->n <= 0)
		return;
	if (g->last_k && g->last_k != g->k) {
		run_last_apart(g);
		return;
	}
	if (g->residual == g->c && (g->is_accumulated || g->gelu_argument || is_chained(g)))
		BUG("gemm: C cannot be its own residual and also accumulated, multiplied or a chain's");
	ISA(gemm_reserve)(g);

	if (g->k == 0 && is_chained(g))
		ISA(gemm_serial)(g);
	else if (n_items > 1 && !is_chained(g) && ISA(items_has)(g))
		ISA(items_run)(g);
	else if (g->k == 0 || (n_items > 1 && !is_chained(g) && g->stride_b != 0))
		pool_run(own_items_task, (void *)(uintptr_t)g, (n_items + ITEMS - 1) / ITEMS);
	else if (is_chained(g) || ((long)g->k * min_int(g->n, NC) > SHARED && !is_aside(g)))
		run_own_blocks(g);
	else
		run_shared(g, n_items);
}
