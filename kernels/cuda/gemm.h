/* Products as other kernels use them: operands, and a block's tile of sums (gemm_tile.h) in two sizes. */
#ifndef KERNELS_CUDA_GEMM_H
#define KERNELS_CUDA_GEMM_H

#include "kernels/cuda/math.h"

/* Element (r, k), a row or column r of the product and the depth k, is p[k*ld + r] if is_k_major, else
 * p[r*ld + k]. Rows may overlap. */
struct operand {
	const float *p;
	int ld, is_k_major;
};

DEV struct operand operand_of(struct operand o, size_t offset)
{
	o.p += offset;
	return o;
}

DEV float operand_at(struct operand o, int r, int k)
{
	size_t at =
		o.is_k_major ? (size_t)k * (size_t)o.ld + (size_t)r : (size_t)r * (size_t)o.ld + (size_t)k;
	return o.p[at];
}

struct gemm_args {
	struct operand a, b;
	float *c, *before_gelu;
	const float *bias, *gelu_argument, *residual;
	int m, n, k, ldc, is_accumulated;
	int n_chained;	  /* items that extend one chain */
	int last, last_k; /* the item with another k; -1: none */
	size_t stride_a, stride_b, stride_c;
};

/* What becomes of a sum: bias, GELU, GELU', residual, in this order; item: the item's offset in C. */
DEV void finish(const struct gemm_args *g, size_t item, int i, int j, float sum)
{
	size_t at = item + (size_t)i * (size_t)g->ldc + (size_t)j;
	if (g->bias)
		sum = ADD(sum, g->bias[j]);
	if (g->before_gelu) {
		g->before_gelu[at] = sum;
		sum = gelu_of(sum);
	}
	if (g->gelu_argument)
		sum = MUL(sum, gelu_gradient_of(g->gelu_argument[at]));
	if (g->residual)
		sum = ADD(sum, g->residual[at]);
	g->c[at] = sum;
}

#define TILE   large
#define TILE_M 128
#define TILE_N 128
#define TILE_K 8
#define EACH   8
#include "kernels/cuda/gemm_tile.h"

#define TILE   small
#define TILE_M 32
#define TILE_N 32
#define TILE_K 16
#define EACH   4
#include "kernels/cuda/gemm_tile.h"

enum { GEMM_LARGE = 128, GEMM_SMALL = 32 }; /* rows and columns of a tile */
enum { GEMM_LARGE_THREADS = 256, GEMM_SMALL_THREADS = 64 };

#endif
