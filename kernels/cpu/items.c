#include "kernels/cpu/items.h"

#include "common/pool.h"
#include "kernels/cpu/tile.h"
#include "kernels/workspace.h"

enum {
	ITEMS = 8,	 /* per task */
	NEAR = 10 << 10, /* floats of an item: with the next one's it fills the first cache, or nearly */
	SIDE = 64,	 /* longest side */
};

bool ISA(items_has)(const struct gemm *g)
{
	bool is_small = g->m <= SIDE && g->n <= SIDE && g->k <= SIDE && g->k > 0 &&
			g->k * (g->m + g->n) + g->m * g->n <= NEAR;
	return is_small && !g->before_gelu && !g->gelu_argument;
}

static void foresee_item(struct tile_ahead *f, const struct gemm *g, int item)
{
	bool ta = g->is_a_transposed, tb = g->is_b_transposed;
	size_t i = (size_t)item;
	ISA(tile_foresee)(f, g->b + i * g->stride_b, g->ldb, tb ? g->n : g->k, tb ? g->k : g->n);
	ISA(tile_foresee)(f, g->a + i * g->stride_a, g->lda, ta ? g->k : g->m, ta ? g->m : g->k);
	ISA(tile_foresee)(f, g->c + i * g->stride_c, g->ldc, g->m, g->n);
}

static void one_item(const struct gemm *g, int item, struct tile_ahead *ahead)
{
	size_t i = (size_t)item;
	const float *a = g->a + i * g->stride_a, *b = g->b + i * g->stride_b;
	float *c = g->c + i * g->stride_c;
	ptrdiff_t ldb = g->ldb;

	if (g->is_b_transposed) {
		float *turned = workspace_thread(WORKSPACE_PACK);
		ISA(tile_rows)(turned, SIDE, b, 1, ldb, g->n, g->k);
		b = turned;
		ldb = SIDE;
	}

	ISA(tile_product)
	(&(struct tile_c){.c = c,
			  .ldc = g->ldc,
			  .from = g->is_accumulated ? c : NULL,
			  .ld_from = g->ldc,
			  .bias = g->bias,
			  .residual = g->residual ? g->residual + i * g->stride_c : NULL,
			  .ahead = ahead},
	 g->is_a_transposed ? tile_columns_of(a, g->lda) : tile_rows_of(a, g->lda), b, ldb, g->m, g->n, g->k);
}

static void items_task(void *context, int task)
{
	const struct gemm *g = context;
	int end = (task + 1) * ITEMS < g->batch ? (task + 1) * ITEMS : g->batch;
	for (int item = task * ITEMS; item < end; item++) {
		struct tile_ahead ahead = {.n = 0};
		if (item + 1 < g->batch)
			foresee_item(&ahead, g, item + 1);
		one_item(g, item, &ahead);
		tile_ask_rest(&ahead);
	}
}

void ISA(items_run)(const struct gemm *g)
{
	workspace_reserve(WORKSPACE_PACK, (size_t)SIDE * SIDE);
	pool_run(items_task, (void *)(uintptr_t)g, (g->batch + ITEMS - 1) / ITEMS);
}
