/* LayerNorm over rows of D floats, half a warp a row; sums over rows in chunks of 64, one block each, and a
 * tree. */
#include "kernels/cuda/reduce.h"

struct layernorm_args {
	float *y, *mean, *rstd;
	const float *x, *w, *b;
	int m, d;
	float eps;
};

KERNEL(layernorm, layernorm_args)
{
	size_t row = FIRST / LANES;
	if (row >= (size_t)a.m)
		return;
	const float *x = a.x + row * (size_t)a.d;
	float *y = a.y + row * (size_t)a.d, sum = 0;

	for (int j = lane_of(); j < a.d; j += LANES)
		sum = ADD(sum, x[j]);
	float mean = DIV(lanes_sum(sum), (float)a.d);

	sum = 0;
	for (int j = lane_of(); j < a.d; j += LANES) {
		float c = SUB(x[j], mean);
		sum = FMA(c, c, sum);
	}
	float variance = DIV(lanes_sum(sum), (float)a.d), rstd = DIV(1.0f, SQRT(ADD(variance, a.eps)));

	for (int j = lane_of(); j < a.d; j += LANES)
		y[j] = FMA(MUL(SUB(x[j], mean), rstd), a.w[j], a.b[j]);
	if (lane_of() == 0) {
		a.mean[row] = mean;
		a.rstd[row] = rstd;
	}
}

struct layernorm_backward_args {
	float *dx, *partial, *dw, *db; /* partial [n_blocks][n_chunks][2D]: dw, db of each chunk */
	const float *dy, *x, *w, *mean, *rstd, *dresidual;
	int m, d, of_block, n_chunks; /* rows of a block, chunks of it: the last may have fewer */
	size_t apart;		      /* floats from a block's dw to the next one's */
};

DEV int end_of_block(const struct layernorm_backward_args *a, int block)
{
	return (block + 1) * a->of_block < a->m ? (block + 1) * a->of_block : a->m;
}

DEV void columns_of_chunk(const struct layernorm_backward_args *a, int from, int rows, const float *mean,
			  const float *rstd, float *dw, float *db)
{
	for (int j = (int)threadIdx.x; j < a->d; j += (int)blockDim.x) {
		float w = 0, b = 0;
		for (int i = 0; i < rows; i++) {
			size_t at = (size_t)(from + i) * (size_t)a->d + (size_t)j;
			float d = a->dy[at];
			w = FMA(d, MUL(SUB(a->x[at], mean[i]), rstd[i]), w);
			b = ADD(d, b);
		}
		dw[j] = w;
		db[j] = b;
	}
}

DEV void row_of_chunk(const struct layernorm_backward_args *a, size_t at, float mean, float rstd)
{
	float sum = 0, sum_hat = 0;
	for (int j = lane_of(); j < a->d; j += LANES) {
		float hat = MUL(SUB(a->x[at + (size_t)j], mean), rstd);
		float g = MUL(a->dy[at + (size_t)j], a->w[j]);
		sum = ADD(sum, g);
		sum_hat = FMA(g, hat, sum_hat);
	}
	float m1 = DIV(lanes_sum(sum), (float)a->d), m2 = -DIV(lanes_sum(sum_hat), (float)a->d);

	for (int j = lane_of(); j < a->d; j += LANES) {
		size_t e = at + (size_t)j;
		float hat = MUL(SUB(a->x[e], mean), rstd), g = MUL(a->dy[e], a->w[j]);
		float dx = MUL(FMA(hat, m2, SUB(g, m1)), rstd);
		a->dx[e] = a->dresidual ? ADD(dx, a->dresidual[e]) : dx;
	}
}

KERNEL(layernorm_backward, layernorm_backward_args)
{
	SHARED float mean[REDUCE_ROWS], rstd[REDUCE_ROWS];
	int block = (int)blockIdx.x / a.n_chunks, end = end_of_block(&a, block);
	int from = block * a.of_block + (int)blockIdx.x % a.n_chunks * REDUCE_ROWS;
	int rows = end - from < REDUCE_ROWS ? end - from : REDUCE_ROWS;
	if ((int)threadIdx.x < rows) {
		mean[threadIdx.x] = a.mean[from + (int)threadIdx.x];
		rstd[threadIdx.x] = a.rstd[from + (int)threadIdx.x];
	}
	__syncthreads();

	float *dw = a.partial + (size_t)blockIdx.x * 2 * (size_t)a.d;
	columns_of_chunk(&a, from, rows, mean, rstd, dw, dw + a.d);
	for (int i = (int)threadIdx.x / LANES; i < rows; i += (int)blockDim.x / LANES)
		row_of_chunk(&a, (size_t)(from + i) * (size_t)a.d, mean[i], rstd[i]);
}

KERNEL(layernorm_tree, layernorm_backward_args)
{
	int j = (int)(blockIdx.x * blockDim.x + threadIdx.x), block = (int)blockIdx.y;
	int rows = end_of_block(&a, block) - block * a.of_block;
	if (j >= 2 * a.d)
		return;
	float *to = (j < a.d ? a.dw + j : a.db + (j - a.d)) + (size_t)block * a.apart;
	float *partial = a.partial + (size_t)block * (size_t)a.n_chunks * 2 * (size_t)a.d + (size_t)j;
	*to = ADD(*to, tree_of(partial, (rows + REDUCE_ROWS - 1) / REDUCE_ROWS, 2 * (size_t)a.d));
}

#if GPU_HOST
#include "kernels/cuda/device.h"
#include "kernels/cuda/table.h"

void layernorm_forward(float *y, float *mean, float *rstd, const float *x, const float *w, const float *b,
		       int m, int d, float eps)
{
	LAUNCH(layernorm, device_blocks((size_t)m, 256 / LANES), 256,
	       &((struct layernorm_args){y, mean, rstd, x, w, b, m, d, eps}));
}

void layernorm_backward(float *dx, float *dw, float *db, const float *dy, const float *x, const float *w,
			const float *mean, const float *rstd, const float *dresidual, int m, int d,
			struct by_block by)
{
	int of_block = by.rows ? by.rows : m;
	struct layernorm_backward_args a = {.dx = dx,
					    .dw = dw,
					    .db = db,
					    .dy = dy,
					    .x = x,
					    .w = w,
					    .mean = mean,
					    .rstd = rstd,
					    .dresidual = dresidual,
					    .m = m,
					    .d = d,
					    .of_block = of_block,
					    .n_chunks = (of_block + REDUCE_ROWS - 1) / REDUCE_ROWS,
					    .apart = by.stride};
	if (m <= 0)
		return;
	size_t n_blocks = (size_t)((m + of_block - 1) / of_block), n_chunks = n_blocks * (size_t)a.n_chunks;
	a.partial = device_workspace(n_chunks * 2 * (size_t)d);
	LAUNCH(layernorm_backward, device_blocks(n_chunks, 1), 256, &a);
	LAUNCH(layernorm_tree, ((struct device_grid){(2 * (size_t)d + 127) / 128, n_blocks, 1}), 128, &a);
}
#endif
