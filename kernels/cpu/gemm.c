/*
 * Packed, blocked GEMM (Goto and van de Geijn 2008): B in panels of MICRO_NR columns, A in panels of MICRO_MR
 * rows, K in blocks that keep a panel of B in the first-level cache. Blocks of K are taken in ascending order
 * and C is loaded again between them, so each element remains one fma chain; threads share out tiles of C and
 * never split K.
 */
#include "kernels/cpu/gemm.h"

#include "common/pool.h"
#include "kernels/cpu/math.h"
#include "kernels/cpu/micro.h"
#include "kernels/workspace.h"

enum {
	KC = 256,	   /* B panel: KC * MICRO_NR floats, 32 KiB with AVX-512 */
	MC = 8 * MICRO_MR, /* A block: MC * KC floats, in the second-level cache */
	NC = 1024,	   /* columns of B packed at a time */
	GROUP = 1 << 20,   /* floats of B packed before work on them starts */
};

static int min_int(int a, int b)
{
	return a < b ? a : b;
}

static int round_up(int n, int to)
{
	return (n + to - 1) / to * to;
}

/* One batch item's operands with general strides: element (i, k) of op(A) is a[i*a_i + k*a_k]; (k, j) of
 * op(B) likewise. */
struct operands {
	const float *a, *b;
	ptrdiff_t a_i, a_k, b_k, b_j;
};

static struct operands operands_of(const struct gemm *g, int item)
{
	return (struct operands){
		.a = g->a + (size_t)item * g->stride_a,
		.b = g->b + (size_t)item * g->stride_b,
		.a_i = g->is_a_transposed ? 1 : g->lda,
		.a_k = g->is_a_transposed ? g->lda : 1,
		.b_k = g->is_b_transposed ? 1 : g->ldb,
		.b_j = g->is_b_transposed ? g->ldb : 1,
	};
}

/* to[k][width] = from[i*step_i + k*step_k] for i < n, zeros for n <= i < width. */
static void pack_panel(float *to, const float *from, ptrdiff_t step_i, ptrdiff_t step_k, int n, int width,
		       int k)
{
	if (n < width)
		memset(to, 0, (size_t)k * (size_t)width * sizeof *to);
	if (step_i == 1) {
		for (int p = 0; p < k; p++)
			memcpy(to + (ptrdiff_t)p * width, from + p * step_k, (size_t)n * sizeof *to);
		return;
	}
	for (int p = 0; p < k; p++)
		for (int i = 0; i < n; i++)
			to[(ptrdiff_t)p * width + i] = from[i * step_i + p * step_k];
}

static void tile_full(int k, const float *a, const float *b, float *c, ptrdiff_t ldc, bool is_zero)
{
	micro_tile(MICRO_MR, MICRO_NV, k, a, 1, MICRO_MR, b, MICRO_NR, c, ldc, is_zero);
}

static void tile_half(int k, const float *a, const float *b, float *c, ptrdiff_t ldc, bool is_zero)
{
	micro_tile(MICRO_MR, 1, k, a, 1, MICRO_MR, b, MICRO_NR, c, ldc, is_zero);
}

static void tile_edge(int k, const float *a, const float *b, float *c, ptrdiff_t ldc, bool is_zero, int rows,
		      int cols)
{
	float whole[MICRO_MR * MICRO_NR];
	if (!is_zero)
		micro_copy(whole, MICRO_NR, c, ldc, rows, cols);
	(cols > 16 ? tile_full : tile_half)(k, a, b, whole, MICRO_NR, is_zero);
	micro_copy(c, ldc, whole, MICRO_NR, rows, cols);
}

/* C[m,n] for packed A (panels of m rows) and packed B (panels of n columns) over one block of k. */
static void multiply_block(const float *a, const float *b, float *c, ptrdiff_t ldc, int m, int n, int k,
			   bool is_zero)
{
	for (int j = 0; j < n; j += MICRO_NR, b += (ptrdiff_t)k * MICRO_NR) {
		const float *panel = a;
		for (int i = 0; i < m; i += MICRO_MR, panel += (ptrdiff_t)k * MICRO_MR) {
			float *tile = c + i * ldc + j;
			if (m - i >= MICRO_MR && n - j >= MICRO_NR)
				tile_full(k, panel, b, tile, ldc, is_zero);
			else
				tile_edge(k, panel, b, tile, ldc, is_zero, min_int(m - i, MICRO_MR),
					  min_int(n - j, MICRO_NR));
		}
	}
}

/* Where a block of C is built up: C itself, or a buffer of this thread when C's old values are still needed
 * at the end. */
struct target {
	float *c;
	ptrdiff_t ldc;
};

static struct target target_of(const struct gemm *g, int item, int i0, int j0)
{
	if (g->residual == g->c)
		return (struct target){workspace_thread(WORKSPACE_TILE, (size_t)MC * NC), NC};
	return (struct target){g->c + (size_t)item * g->stride_c + (ptrdiff_t)i0 * g->ldc + j0, g->ldc};
}

/* Bias, GELU, GELU's derivative and residual for C[i0..i0+m, j0..j0+n] of one item. */
static void finish_block(const struct gemm *g, struct target t, int item, int i0, int m, int j0, int n)
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

/* Blocks of K of nearly equal size, at most KC: the size of each but the last. */
static int k_block(int k)
{
	int n = (k + KC - 1) / KC;
	return n ? (k + n - 1) / n : 1;
}

static float *pack_a(const struct operands *o, int i0, int m, int k0, int k)
{
	float *to = workspace_thread(WORKSPACE_PACK, (size_t)MC * KC + (size_t)NC * KC);
	for (int i = 0; i < m; i += MICRO_MR)
		pack_panel(to + (ptrdiff_t)i * k, o->a + (i0 + i) * o->a_i + k0 * o->a_k, o->a_i, o->a_k,
			   min_int(MICRO_MR, m - i), MICRO_MR, k);
	return to;
}

/* An empty product: C is its old value or zero. */
static void clear_block(struct target t, int m, int n)
{
	for (int i = 0; i < m; i++)
		memset(t.c + i * t.ldc, 0, (size_t)n * sizeof *t.c);
}

/* Rows i0..i0+m of C over all of N and K (and all items, if they extend one chain), packing B here. */
static void serial_rows(const struct gemm *g, int item, int n_items, int i0, int m)
{
	int kc = k_block(g->k);
	for (int j0 = 0; j0 < g->n; j0 += NC) {
		int n = min_int(NC, g->n - j0);
		struct target t = target_of(g, item, i0, j0);
		if (g->k == 0 && !g->is_accumulated)
			clear_block(t, m, n);
		for (int chained = 0; chained < n_items; chained++) {
			struct operands o = operands_of(g, item + chained);
			for (int k0 = 0; k0 < g->k; k0 += kc) {
				int k = min_int(kc, g->k - k0);
				float *a = pack_a(&o, i0, m, k0, k), *b = a + (size_t)MC * KC;
				for (int j = 0; j < n; j += MICRO_NR)
					pack_panel(b + (ptrdiff_t)j * k, o.b + k0 * o.b_k + (j0 + j) * o.b_j,
						   o.b_j, o.b_k, min_int(MICRO_NR, n - j), MICRO_NR, k);
				multiply_block(a, b, t.c, t.ldc, m, n, k,
					       k0 == 0 && chained == 0 && !g->is_accumulated);
			}
		}
		finish_block(g, t, item, i0, m, j0, n);
	}
}

static int items_of(const struct gemm *g)
{
	return g->batch > 1 ? g->batch : 1;
}

static bool is_chained(const struct gemm *g)
{
	return items_of(g) > 1 && g->stride_c == 0;
}

void ISA(gemm_serial)(const struct gemm *g)
{
	int n_items = items_of(g), step = is_chained(g) ? n_items : 1;
	for (int item = 0; item < n_items; item += step)
		for (int i = 0; i < g->m; i += MC)
			serial_rows(g, item, step, i, min_int(MC, g->m - i));
}

/* ---- one product over all threads ---- */

struct parallel {
	const struct gemm *g;
	float *packed; /* B[k0..k0+k, j0..j0+n]: per block of kc, panels of MICRO_NR columns */
	int j0, n, k0, k, kc;
	int mc, nc, n_row_blocks, n_column_blocks;
};

static float *packed_panel(const struct parallel *p, int k_from, int j)
{
	int k = min_int(p->kc, p->k - k_from), width = round_up(p->n, MICRO_NR);
	return p->packed + (ptrdiff_t)k_from * width + (ptrdiff_t)j * k;
}

static void pack_b_task(void *context, int task)
{
	const struct parallel *p = context;
	struct operands o = operands_of(p->g, 0);
	int n_panels = (p->n + MICRO_NR - 1) / MICRO_NR;
	int k_from = task / n_panels * p->kc, j = task % n_panels * MICRO_NR;
	pack_panel(packed_panel(p, k_from, j), o.b + (p->k0 + k_from) * o.b_k + (p->j0 + j) * o.b_j, o.b_j,
		   o.b_k, min_int(MICRO_NR, p->n - j), MICRO_NR, min_int(p->kc, p->k - k_from));
}

static void multiply_task(void *context, int task)
{
	const struct parallel *p = context;
	const struct gemm *g = p->g;
	int item = task / (p->n_row_blocks * p->n_column_blocks);
	int i = task / p->n_column_blocks % p->n_row_blocks * p->mc, j = task % p->n_column_blocks * p->nc;
	int m = min_int(p->mc, g->m - i), n = min_int(p->nc, p->n - j);
	struct operands o = operands_of(g, item);
	struct target t = target_of(g, item, i, p->j0 + j);
	for (int k_from = 0; k_from < p->k; k_from += p->kc) {
		int k = min_int(p->kc, p->k - k_from);
		float *a = pack_a(&o, i, m, p->k0 + k_from, k);
		multiply_block(a, packed_panel(p, k_from, j), t.c, t.ldc, m, n, k,
			       p->k0 + k_from == 0 && !g->is_accumulated);
	}
	if (p->k0 + p->k == g->k)
		finish_block(g, t, item, i, m, p->j0 + j, n);
}

/* Enough tasks for threads to finish together, in tiles as large as that allows. */
static void share_out(struct parallel *p, int n_items)
{
	int wanted = pool_threads() > 1 ? 4 * pool_threads() : 1;
	p->mc = MC;
	while (p->mc > 2 * MICRO_MR && (p->g->m + p->mc - 1) / p->mc * n_items < wanted)
		p->mc -= MICRO_MR;
	p->n_row_blocks = (p->g->m + p->mc - 1) / p->mc;
	p->nc = round_up(p->n, MICRO_NR);
	while (p->nc > 4 * MICRO_NR && p->n_row_blocks * n_items * ((p->n + p->nc - 1) / p->nc) < wanted)
		p->nc = round_up(p->nc / 2, MICRO_NR);
	p->n_column_blocks = (p->n + p->nc - 1) / p->nc;
}

static void parallel_products(const struct gemm *g, int n_items)
{
	struct parallel p = {.g = g, .kc = k_block(g->k)};
	for (p.j0 = 0; p.j0 < g->n; p.j0 += NC) {
		p.n = min_int(NC, g->n - p.j0);
		int group = GROUP / round_up(p.n, MICRO_NR) / p.kc * p.kc;
		if (g->residual == g->c) /* a block set aside must be finished in one go */
			group = g->k;
		p.packed = workspace_shared(WORKSPACE_PACK,
					    (size_t)min_int(group, g->k) * (size_t)round_up(p.n, MICRO_NR));
		share_out(&p, n_items);
		for (p.k0 = 0; p.k0 < g->k; p.k0 += group) {
			p.k = min_int(group, g->k - p.k0);
			int n_k = (p.k + p.kc - 1) / p.kc, n_panels = (p.n + MICRO_NR - 1) / MICRO_NR;
			pool_run(pack_b_task, &p, n_k * n_panels);
			pool_run(multiply_task, &p, n_items * p.n_row_blocks * p.n_column_blocks);
		}
	}
}

static void item_task(void *context, int item)
{
	const struct gemm *g = context;
	for (int i = 0; i < g->m; i += MC)
		serial_rows(g, item, 1, i, min_int(MC, g->m - i));
}

static void chain_task(void *context, int block)
{
	const struct gemm *g = context;
	int rows = 2 * MICRO_MR;
	serial_rows(g, 0, items_of(g), block * rows, min_int(rows, g->m - block * rows));
}

void ISA(gemm_run)(const struct gemm *g)
{
	int n_items = items_of(g);
	if (g->m <= 0 || g->n <= 0)
		return;
	if (is_chained(g))
		pool_run(chain_task, (void *)(uintptr_t)g, (g->m + 2 * MICRO_MR - 1) / (2 * MICRO_MR));
	else if (g->k == 0 || (n_items > 1 && (g->stride_b != 0 || n_items >= 4 * pool_threads())))
		pool_run(item_task, (void *)(uintptr_t)g, n_items);
	else
		parallel_products(g, n_items);
}
