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

enum { MAX_Z = 65535, ENOUGH_BLOCKS = 64 };

static struct device_grid tiles_of(const struct gemm *g, size_t side, size_t n_items)
{
	return (struct device_grid){((size_t)g->n + side - 1) / side, ((size_t)g->m + side - 1) / side,
				    n_items};
}

static void run_items(const struct gemm *g, const struct gemm_args *a, size_t n_items)
{
	struct device_grid large = tiles_of(g, GEMM_LARGE, n_items);
	if (g->m > GEMM_LARGE / 2 && g->n > GEMM_LARGE / 2 && large.x * large.y * large.z >= ENOUGH_BLOCKS)
		LAUNCH(gemm_large, large, GEMM_LARGE_THREADS, a);
	else
		LAUNCH(gemm_small, tiles_of(g, GEMM_SMALL, n_items), GEMM_SMALL_THREADS, a);
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
		run_items(g, &a, (size_t)n);
		a.a.p += (size_t)n * g->stride_a;
		a.b.p += (size_t)n * g->stride_b;
		a.c += (size_t)n * g->stride_c;
		a.before_gelu = a.before_gelu ? a.before_gelu + (size_t)n * g->stride_c : NULL;
		a.gelu_argument = a.gelu_argument ? a.gelu_argument + (size_t)n * g->stride_c : NULL;
		a.residual = a.residual ? a.residual + (size_t)n * g->stride_c : NULL;
	}
}
#endif
