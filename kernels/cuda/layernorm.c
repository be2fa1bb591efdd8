/* LayerNorm over rows of D floats, half a warp a row; sums over rows, in chunks of 64 and a tree, by blocks
 * of their own. */
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

enum { COLUMNS = 32, THREADS = 256 }; /* columns of a block, whose threads share out the chunks */

struct layernorm_backward_args {
	float *dx, *dw, *db;
	float *partial; /* NULL: shared memory; else [blocks of columns][n_chunks][2][COLUMNS] */
	const float *dy, *x, *w, *mean, *rstd, *dresidual;
	int m, d, of_block, n_chunks; /* rows of a block, chunks of it: the last may have fewer */
	int n_row_blocks;	      /* of the grid: those behind them sum up columns */
	size_t apart;		      /* floats from a block's dw to the next one's */
};

DEV int end_of_block(const struct layernorm_backward_args *a, int block)
{
	return (block + 1) * a->of_block < a->m ? (block + 1) * a->of_block : a->m;
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

/* dx of one chunk of rows. */
DEV void rows_of_chunk(const struct layernorm_backward_args *a, int number)
{
	SHARED float mean[REDUCE_ROWS], rstd[REDUCE_ROWS];
	int block = number / a->n_chunks, end = end_of_block(a, block);
	int from = block * a->of_block + number % a->n_chunks * REDUCE_ROWS;
	int rows = end - from < REDUCE_ROWS ? end - from : REDUCE_ROWS;
	if ((int)threadIdx.x < rows) {
		mean[threadIdx.x] = a->mean[from + (int)threadIdx.x];
		rstd[threadIdx.x] = a->rstd[from + (int)threadIdx.x];
	}
	__syncthreads();

	for (int i = (int)threadIdx.x / LANES; i < rows; i += (int)blockDim.x / LANES)
		row_of_chunk(a, (size_t)(from + i) * (size_t)a->d, mean[i], rstd[i]);
}

/* Column j of rows from..end-1: dw and db. */
DEV void column_of_chunk(const struct layernorm_backward_args *a, float *dw, float *db, int j, int from,
			 int end)
{
	float w = 0, b = 0;
	for (int i = from; i < end; i++) {
		size_t at = (size_t)i * (size_t)a->d + (size_t)j;
		float d = a->dy[at];
		w = FMA(d, MUL(SUB(a->x[at], a->mean[i]), a->rstd[i]), w);
		b = ADD(d, b);
	}
	*dw = w;
	*db = b;
}

/* dw and db of COLUMNS columns of one block: its chunks, then the tree. */
DEV void columns_of_block(const struct layernorm_backward_args *a, float *part, int number)
{
	int n_groups = (a->d + COLUMNS - 1) / COLUMNS, block = number / n_groups;
	int first = block * a->of_block, end = end_of_block(a, block);
	int n_chunks = (end - first + REDUCE_ROWS - 1) / REDUCE_ROWS, column = (int)threadIdx.x % COLUMNS;
	int j = number % n_groups * COLUMNS + column;

	for (int chunk = (int)threadIdx.x / COLUMNS; chunk < n_chunks && j < a->d;
	     chunk += (int)blockDim.x / COLUMNS) {
		int from = first + chunk * REDUCE_ROWS,
		    to = from + REDUCE_ROWS < end ? from + REDUCE_ROWS : end;
		float *at = part + chunk * 2 * COLUMNS + column;
		column_of_chunk(a, at, at + COLUMNS, j, from, to);
	}
	__syncthreads();

	if (threadIdx.x < 2 * COLUMNS && j < a->d) {
		float *to = (threadIdx.x < COLUMNS ? a->dw : a->db) + (size_t)block * a->apart + (size_t)j;
		*to = ADD(*to, tree_of(part + threadIdx.x, n_chunks, 2 * COLUMNS));
	}
}

KERNEL(layernorm_backward, layernorm_backward_args)
{
	DYNAMIC_SHARED(shared);
	int number = (int)blockIdx.x - a.n_row_blocks;
	if (number < 0)
		rows_of_chunk(&a, (int)blockIdx.x);
	else
		columns_of_block(&a,
				 a.partial ? a.partial + (size_t)number * (size_t)a.n_chunks * 2 * COLUMNS
					   : shared,
				 number);
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
	size_t n_blocks = (size_t)((m + of_block - 1) / of_block),
	       n_columns = n_blocks * (((size_t)d + COLUMNS - 1) / COLUMNS),
	       n_partial = (size_t)a.n_chunks * 2 * COLUMNS, n_shared = n_partial * sizeof(float);
	if (n_shared > DEVICE_SHARED - 2 * REDUCE_ROWS * sizeof(float)) {
		a.partial = device_workspace(n_columns * n_partial);
		n_shared = 0;
	}
	a.n_row_blocks = (int)n_blocks * a.n_chunks;
	LAUNCH_SHARED(layernorm_backward, device_blocks((size_t)a.n_row_blocks + n_columns, 1), THREADS,
		      n_shared, &a);
}
#endif
