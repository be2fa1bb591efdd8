/* Sums over rows: a thread adds up one column of one chunk, then one thread a column climbs the tree. Sums of
 * squares: half a warp a chunk. */
#include "kernels/cuda/reduce.h"

enum { COLUMNS = 32 }; /* of a block, whose threads share out the chunks */

struct rows_args {
	float *to;
	float *partial; /* NULL: shared memory; else [blocks][n_chunks][COLUMNS] */
	const float *x;
	const uint8_t *keep;	   /* NULL: all rows; else only those that are not kept */
	size_t m, of_block, apart; /* rows; of a block of them; floats from its sums to the next one's */
	int n, ld, n_chunks;	   /* n_chunks: of a block, the last may have fewer */
};

KERNEL(rows_sum, rows_args)
{
	DYNAMIC_SHARED(shared);
	size_t number = (size_t)blockIdx.y * gridDim.x + blockIdx.x;
	size_t first = (size_t)blockIdx.y * a.of_block,
	       end = first + a.of_block < a.m ? first + a.of_block : a.m;
	int n_chunks = (int)((end - first + REDUCE_ROWS - 1) / REDUCE_ROWS);
	int column = (int)threadIdx.x % COLUMNS, j = (int)blockIdx.x * COLUMNS + column;
	float *part = a.partial ? a.partial + number * (size_t)a.n_chunks * COLUMNS : shared;

	for (int chunk = (int)threadIdx.x / COLUMNS; chunk < n_chunks; chunk += (int)blockDim.x / COLUMNS) {
		size_t i = first + (size_t)chunk * REDUCE_ROWS,
		       last = first + (size_t)(chunk + 1) * REDUCE_ROWS;
		float sum = 0;
		for (; j < a.n && i < last && i < end; i++)
			if (!a.keep || !a.keep[i])
				sum = ADD(sum, a.x[i * (size_t)a.ld + (size_t)j]);
		part[chunk * COLUMNS + column] = sum;
	}
	__syncthreads();

	if (threadIdx.x < COLUMNS && j < a.n) {
		float *to = a.to + (size_t)blockIdx.y * a.apart + (size_t)j;
		*to = ADD(*to, tree_of(part + column, n_chunks, COLUMNS));
	}
}

struct blocks_args {
	float *to;
	const float *from;
	size_t n;
	int m;
};

KERNEL(sum_blocks, blocks_args)
{
	for (size_t i = FIRST; i < a.n; i += STRIDE) {
		struct climbing sums;
		sums.n = sums.depth = 0;
		for (int row = 0; row < a.m; row++)
			climb(&sums, a.from[(size_t)row * a.n + i]);
		a.to[i] = climbed(&sums);
	}
}

struct squares_args {
	const float *x;
	float *sums; /* [n_chunks] */
	float *to;
	size_t n;
	int n_chunks;
};

KERNEL(squares_chunks, squares_args)
{
	size_t chunk = FIRST / LANES, from = chunk * REDUCE_FLOATS;
	if (from >= a.n)
		return;
	size_t end = from + REDUCE_FLOATS < a.n ? from + REDUCE_FLOATS : a.n;
	float sum = 0;
	for (size_t i = from + (size_t)lane_of(); i < end; i += LANES)
		sum = FMA(a.x[i], a.x[i], sum);
	sum = lanes_sum(sum);
	if (lane_of() == 0)
		a.sums[chunk] = sum;
}

KERNEL(squares_tree, squares_args)
{
	if (threadIdx.x == 0)
		*a.to = tree_of(a.sums, a.n_chunks, 1);
}

#if GPU_HOST
#include "kernels/cuda/device.h"
#include "kernels/cuda/table.h"

void reduce_chosen_rows(float *to, const float *x, const uint8_t *keep, size_t m, int n, int ld,
			struct by_block by)
{
	size_t of_block = by.rows ? (size_t)by.rows : m, columns = ((size_t)n + COLUMNS - 1) / COLUMNS;
	if (n <= 0 || m == 0)
		return;
	size_t n_blocks = (m + of_block - 1) / of_block,
	       n_chunks = (of_block + REDUCE_ROWS - 1) / REDUCE_ROWS,
	       n_shared = n_chunks * COLUMNS * sizeof(float);
	struct rows_args a = {.to = to,
			      .x = x,
			      .keep = keep,
			      .m = m,
			      .of_block = of_block,
			      .apart = by.stride,
			      .n = n,
			      .ld = ld,
			      .n_chunks = (int)n_chunks};
	if (n_shared > DEVICE_SHARED) {
		a.partial = device_workspace(n_blocks * columns * n_chunks * COLUMNS);
		n_shared = 0;
	}
	LAUNCH_SHARED(rows_sum, ((struct device_grid){columns, n_blocks, 1}), 256, n_shared, &a);
}

void reduce_rows(float *db, const float *dy, int m, int n, int ld, struct by_block by)
{
	reduce_chosen_rows(db, dy, NULL, (size_t)m, n, ld, by);
}

void reduce_blocks(float *to, const float *from, int m, size_t n)
{
	LAUNCH(sum_blocks, device_share(n), 256, &((struct blocks_args){to, from, n, m}));
}

void reduce_squares(float *sum, const float *x, size_t n)
{
	size_t n_chunks = (n + REDUCE_FLOATS - 1) / REDUCE_FLOATS;
	struct squares_args a = {
		.x = x, .sums = device_workspace(n_chunks), .to = sum, .n = n, .n_chunks = (int)n_chunks};
	LAUNCH(squares_chunks, device_blocks(n_chunks, 128 / LANES), 128, &a);
	LAUNCH(squares_tree, device_blocks(1, 1), 32, &a);
}

float reduce_sum_squares(const float *x, size_t n)
{
	float sum, *to = device_workspace((n + REDUCE_FLOATS - 1) / REDUCE_FLOATS + 1);
	reduce_squares(to, x, n);
	device_download(&sum, to, sizeof sum);
	return sum;
}
#endif
