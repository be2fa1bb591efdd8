/* Sums over rows: a thread adds up one column of one chunk, then one thread a column climbs the tree. Sums of
 * squares: half a warp a chunk. */
#include "kernels/cuda/reduce.h"

struct rows_args {
	float *to, *partial; /* [n], [n_chunks][n] */
	const float *x;
	const uint8_t *keep; /* NULL: all rows; else only those that are not kept */
	size_t m;
	int n, ld, n_chunks;
};

KERNEL(rows_chunks, rows_args)
{
	int j = (int)(blockIdx.y * blockDim.x + threadIdx.x), chunk = (int)blockIdx.x;
	if (j >= a.n)
		return;
	float sum = 0;
	for (size_t i = (size_t)chunk * REDUCE_ROWS; i < a.m && i < (size_t)(chunk + 1) * REDUCE_ROWS; i++)
		if (!a.keep || !a.keep[i])
			sum = ADD(sum, a.x[i * (size_t)a.ld + (size_t)j]);
	a.partial[(size_t)chunk * (size_t)a.n + (size_t)j] = sum;
}

KERNEL(rows_tree, rows_args)
{
	int j = (int)(blockIdx.x * blockDim.x + threadIdx.x);
	if (j < a.n)
		a.to[j] = ADD(a.to[j], tree_of(a.partial + j, a.n_chunks, (size_t)a.n));
}

struct squares_args {
	const float *x;
	float *sums; /* [n_chunks] */
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
		tree_of(a.sums, a.n_chunks, 1);
}

#if GPU_HOST
#include "kernels/cuda/device.h"
#include "kernels/cuda/table.h"

void reduce_chosen_rows(float *to, const float *x, const uint8_t *keep, size_t m, int n, int ld)
{
	size_t n_chunks = (m + REDUCE_ROWS - 1) / REDUCE_ROWS, columns = ((size_t)n + 127) / 128;
	struct rows_args a = {
		.to = to, .x = x, .keep = keep, .m = m, .n = n, .ld = ld, .n_chunks = (int)n_chunks};
	if (n <= 0)
		return;
	a.partial = device_workspace(n_chunks * (size_t)n + 1);
	LAUNCH(rows_chunks, ((struct device_grid){n_chunks, columns, 1}), 128, &a);
	LAUNCH(rows_tree, device_blocks((size_t)n, 128), 128, &a);
}

void reduce_rows(float *db, const float *dy, int m, int n, int ld)
{
	reduce_chosen_rows(db, dy, NULL, (size_t)m, n, ld);
}

float reduce_squares(const float *x, size_t n)
{
	size_t n_chunks = (n + REDUCE_FLOATS - 1) / REDUCE_FLOATS;
	struct squares_args a = {.x = x, .n = n, .n_chunks = (int)n_chunks};
	float sum = 0;
	if (n == 0)
		return 0;
	a.sums = device_workspace(n_chunks);
	LAUNCH(squares_chunks, device_blocks(n_chunks, 128 / LANES), 128, &a);
	LAUNCH(squares_tree, device_blocks(1, 1), 32, &a);
	device_download(&sum, a.sums, sizeof sum);
	return sum;
}
#endif
