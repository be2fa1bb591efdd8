/* Matrix products: a block a tile of C, small tiles where large ones would leave most of a card idle. */
#include "kernels/cuda/gemm.h"

KERNEL(gemm_large, gemm_args)
{
	product_large(&a, (int)blockIdx.y * GEMM_LARGE, (int)blockIdx.x * GEMM_LARGE, (int)blockIdx.z);
}

KERNEL(gemm_small, gemm_args)
{
	product_small(&a, (int)blockIdx.y * GEMM_SMALL, (int)blockIdx.x * GEMM_SMALL, (int)blockIdx.z);
}

#if GPU_HOST
#include "kernels/cuda/device.h"
#include "kernels/cuda/table.h"

/* A grid has 65,535 blocks in y, rows of tiles, and in z, items. */
enum { MAX_ROWS = 65535 * GEMM_SMALL, MAX_Z = 65535, ENOUGH_BLOCKS = 64 };

static struct device_grid tiles_of(const struct gemm_args *a, size_t side, size_t n_items)
{
	return (struct device_grid){((size_t)a->n + side - 1) / side, ((size_t)a->m + side - 1) / side,
				    n_items};
}

static void run_rows(const struct gemm_args *a, size_t n_items)
{
	struct device_grid large = tiles_of(a, GEMM_LARGE, n_items);
	if (a->m > GEMM_LARGE / 2 && a->n > GEMM_LARGE / 2 && large.x * large.y * large.z >= ENOUGH_BLOCKS)
		LAUNCH(gemm_large, large, GEMM_LARGE_THREADS, a);
	else
		LAUNCH(gemm_small, tiles_of(a, GEMM_SMALL, n_items), GEMM_SMALL_THREADS, a);
}

static void move_c(struct gemm_args *a, size_t by)
{
	a->c += by;
	a->before_gelu = a->before_gelu ? a->before_gelu + by : NULL;
	a->gelu_argument = a->gelu_argument ? a->gelu_argument + by : NULL;
	a->residual = a->residual ? a->residual + by : NULL;
}

static void run_items(struct gemm_args a, size_t n_items)
{
	for (int left = a.m; left > 0; left -= a.m) {
		a.m = left < MAX_ROWS ? left : MAX_ROWS;
		run_rows(&a, n_items);
		a.a.p += (size_t)a.m * (a.a.is_k_major ? 1 : (size_t)a.a.ld);
		move_c(&a, (size_t)a.m * (size_t)a.ldc);
	}
}

void gemm_run(const struct gemm *g)
{
	int n_items = g->batch > 1 ? g->batch : 1, is_chained = n_items > 1 && g->stride_c == 0;
	struct gemm_args a = {.a = {g->a, g->lda, g->is_a_transposed},
			      .b = {g->b, g->ldb, !g->is_b_transposed},
			      .c = g->c,
			      .before_gelu = g->before_gelu,
			      .bias = g->bias,
			      .gelu_argument = g->gelu_argument,
			      .residual = g->residual,
			      .m = g->m,
			      .n = g->n,
			      .k = g->k,
			      .ldc = g->ldc,
			      .is_accumulated = g->is_accumulated,
			      .n_chained = is_chained ? n_items : 1,
			      .last_k = g->last_k,
			      .stride_a = g->stride_a,
			      .stride_b = g->stride_b,
			      .stride_c = g->stride_c};
	if (g->m <= 0 || g->n <= 0)
		return;

	for (int item = 0, n; item < (is_chained ? 1 : n_items); item += n) {
		n = is_chained ? 1 : n_items - item < MAX_Z ? n_items - item : MAX_Z;
		a.last = g->last_k && item + n == n_items ? n - 1 : -1;
		run_items(a, (size_t)n);
		a.a.p += (size_t)n * g->stride_a;
		a.b.p += (size_t)n * g->stride_b;
		move_c(&a, (size_t)n * g->stride_c);
	}
}
#endif
