/* BatchNorm over rows of [M,C], with a residual and a ReLU behind it. Sums over the rows of a block of the
 * batch: a thread adds up one column of one chunk of 64 rows, then one thread a column climbs the block's
 * tree. */
#include "kernels/cuda/reduce.h"

struct batchnorm_args {
	const float *x, *w, *b, *mean, *variance, *residual, *dy, *kept_y, *gradients;
	float *y, *dx, *dresidual;
	float *sums, *partial; /* [n_blocks][width], [n_chunks][width] */
	int m, c, width, sum_rows, has_relu;
	float eps, n_rows;
};

DEV int chunks_of_block(const struct batchnorm_args *a)
{
	return (a->sum_rows + REDUCE_ROWS - 1) / REDUCE_ROWS;
}

struct rows {
	int from, end;
};

DEV struct rows rows_of(const struct batchnorm_args *a, int chunk)
{
	int block = chunk / chunks_of_block(a), end = (block + 1) * a->sum_rows;
	struct rows r = {block * a->sum_rows + chunk % chunks_of_block(a) * REDUCE_ROWS, 0};
	end = end < a->m ? end : a->m;
	r.end = r.from + REDUCE_ROWS < end ? r.from + REDUCE_ROWS : end;
	return r;
}

/* The thread's column; blockIdx.x is the chunk. */
DEV int column_of(void)
{
	return (int)(blockIdx.y * blockDim.x + threadIdx.x);
}

DEV float deviation_inverse(const struct batchnorm_args *a, int c)
{
	return DIV(1.0f, SQRT(ADD(a->variance[c], a->eps)));
}

DEV float gradient_at(const struct batchnorm_args *a, size_t at)
{
	return !a->has_relu || 0.0f < a->kept_y[at] ? a->dy[at] : 0.0f;
}

KERNEL(batchnorm_sums, batchnorm_args)
{
	struct rows r = rows_of(&a, (int)blockIdx.x);
	int c = column_of();
	if (c >= a.c)
		return;
	float sum = 0;
	for (int i = r.from; i < r.end; i++)
		sum = ADD(sum, a.x[(size_t)i * (size_t)a.c + (size_t)c]);
	a.partial[(size_t)blockIdx.x * (size_t)a.width + (size_t)c] = sum;
}

KERNEL(batchnorm_square_sums, batchnorm_args)
{
	struct rows r = rows_of(&a, (int)blockIdx.x);
	int c = column_of();
	if (c >= a.c)
		return;
	float sum = 0;
	for (int i = r.from; i < r.end; i++) {
		float d = SUB(a.x[(size_t)i * (size_t)a.c + (size_t)c], a.mean[c]);
		sum = FMA(d, d, sum);
	}
	a.partial[(size_t)blockIdx.x * (size_t)a.width + (size_t)c] = sum;
}

/* Of dz, and behind them of dz xhat. */
KERNEL(batchnorm_gradient_sums, batchnorm_args)
{
	struct rows r = rows_of(&a, (int)blockIdx.x);
	int c = column_of();
	if (c >= a.c)
		return;
	float sum = 0, sum_hat = 0, rstd = deviation_inverse(&a, c);
	for (int i = r.from; i < r.end; i++) {
		size_t at = (size_t)i * (size_t)a.c + (size_t)c;
		float dz = gradient_at(&a, at);
		sum = ADD(sum, dz);
		sum_hat = FMA(dz, MUL(SUB(a.x[at], a.mean[c]), rstd), sum_hat);
	}
	float *to = a.partial + (size_t)blockIdx.x * (size_t)a.width + (size_t)c;
	to[0] = sum;
	to[a.c] = sum_hat;
}

/* blockIdx.x is the block of the batch. */
KERNEL(batchnorm_tree, batchnorm_args)
{
	int c = column_of(), block = (int)blockIdx.x, rows = a.m - block * a.sum_rows;
	rows = rows < a.sum_rows ? rows : a.sum_rows;
	if (c >= a.width)
		return;
	float *partial = a.partial + (size_t)(block * chunks_of_block(&a)) * (size_t)a.width + (size_t)c;
	a.sums[(size_t)block * (size_t)a.width + (size_t)c] =
		tree_of(partial, (rows + REDUCE_ROWS - 1) / REDUCE_ROWS, (size_t)a.width);
}

/* A NaN comes through the ReLU. */
KERNEL(batchnorm, batchnorm_args)
{
	for (size_t i = FIRST; i < (size_t)a.m * (size_t)a.c; i += STRIDE) {
		int c = (int)(i % (size_t)a.c);
		float hat = MUL(SUB(a.x[i], a.mean[c]), deviation_inverse(&a, c)),
		      z = FMA(hat, a.w[c], a.b[c]);
		z = a.residual ? ADD(z, a.residual[i]) : z;
		a.y[i] = a.has_relu && z < 0.0f ? 0.0f : z;
	}
}

KERNEL(batchnorm_backward, batchnorm_args)
{
	for (size_t i = FIRST; i < (size_t)a.m * (size_t)a.c; i += STRIDE) {
		int c = (int)(i % (size_t)a.c);
		float rstd = deviation_inverse(&a, c), dz = gradient_at(&a, i);
		float m1 = DIV(a.gradients[c], a.n_rows), m2 = DIV(a.gradients[a.c + c], -a.n_rows);
		float hat = MUL(SUB(a.x[i], a.mean[c]), rstd);
		if (a.dresidual)
			a.dresidual[i] = dz;
		a.dx[i] = MUL(FMA(hat, m2, SUB(dz, m1)), MUL(a.w[c], rstd));
	}
}

struct running_args {
	float *mean, *variance;
	const float *of_mean, *of_variance;
	int c;
	float momentum, unbias;
};

DEV int is_finite(float x)
{
	return (BITS(x) & 0x7f800000u) != 0x7f800000u;
}

KERNEL(batchnorm_running, running_args)
{
	int c = (int)FIRST;
	if (c >= a.c || !is_finite(a.of_mean[c]) || !is_finite(a.of_variance[c]))
		return;
	float kept = SUB(1.0f, a.momentum);
	a.mean[c] = ADD(MUL(kept, a.mean[c]), MUL(a.momentum, a.of_mean[c]));
	a.variance[c] = ADD(MUL(kept, a.variance[c]), MUL(a.momentum, MUL(a.of_variance[c], a.unbias)));
}

#if GPU_HOST
#include "kernels/cuda/device.h"
#include "kernels/cuda/table.h"

static struct batchnorm_args args_of(const struct batchnorm *n)
{
	return (struct batchnorm_args){.x = n->x,
				       .w = n->w,
				       .b = n->b,
				       .mean = n->mean,
				       .variance = n->variance,
				       .residual = n->residual,
				       .dy = n->dy,
				       .kept_y = n->y,
				       .gradients = n->sums,
				       .y = n->y,
				       .dx = n->dx,
				       .dresidual = n->dresidual,
				       .m = n->m,
				       .c = n->c,
				       .width = n->c,
				       .sum_rows = n->sum_rows ? n->sum_rows : n->m,
				       .has_relu = n->has_relu,
				       .eps = n->eps,
				       .n_rows = (float)n->n_rows};
}

enum { COLUMNS = 64 }; /* of a block of threads */

/* The grid of the chunks of a, whose partial sums get room. */
static struct device_grid chunks_of(struct batchnorm_args *a)
{
	int last = a->m % a->sum_rows;
	size_t n_chunks =
		(size_t)(a->m / a->sum_rows * chunks_of_block(a) + (last + REDUCE_ROWS - 1) / REDUCE_ROWS);
	a->partial = device_workspace(n_chunks * (size_t)a->width);
	return (struct device_grid){n_chunks, ((size_t)a->c + COLUMNS - 1) / COLUMNS, 1};
}

static void climb_blocks(const struct batchnorm_args *a)
{
	size_t n_blocks = ((size_t)a->m + (size_t)a->sum_rows - 1) / (size_t)a->sum_rows;
	struct device_grid grid = {n_blocks, ((size_t)a->width + COLUMNS - 1) / COLUMNS, 1};
	LAUNCH(batchnorm_tree, grid, COLUMNS, a);
}

void batchnorm_sums(const struct batchnorm *n, float *sums)
{
	struct batchnorm_args a = args_of(n);
	if (n->m <= 0)
		return;
	a.sums = sums;
	struct device_grid grid = chunks_of(&a);
	LAUNCH(batchnorm_sums, grid, COLUMNS, &a);
	climb_blocks(&a);
}

void batchnorm_square_sums(const struct batchnorm *n, float *sums)
{
	struct batchnorm_args a = args_of(n);
	if (n->m <= 0)
		return;
	a.sums = sums;
	struct device_grid grid = chunks_of(&a);
	LAUNCH(batchnorm_square_sums, grid, COLUMNS, &a);
	climb_blocks(&a);
}

void batchnorm_gradient_sums(const struct batchnorm *n, float *sums)
{
	struct batchnorm_args a = args_of(n);
	if (n->m <= 0)
		return;
	a.sums = sums;
	a.width = 2 * n->c;
	struct device_grid grid = chunks_of(&a);
	LAUNCH(batchnorm_gradient_sums, grid, COLUMNS, &a);
	climb_blocks(&a);
}

void batchnorm_forward(const struct batchnorm *n)
{
	struct batchnorm_args a = args_of(n);
	LAUNCH(batchnorm, device_share((size_t)n->m * (size_t)n->c), 256, &a);
}

void batchnorm_backward(const struct batchnorm *n)
{
	struct batchnorm_args a = args_of(n);
	LAUNCH(batchnorm_backward, device_share((size_t)n->m * (size_t)n->c), 256, &a);
}

void batchnorm_running(float *mean, float *variance, const struct batchnorm *n, float momentum)
{
	struct running_args a = {mean, variance, n->mean, n->variance, n->c, momentum, 1};
	if (n->n_rows > 1)
		a.unbias = (float)n->n_rows / (float)(n->n_rows - 1);
	LAUNCH(batchnorm_running, device_blocks((size_t)n->c, 64), 64, &a);
}
#endif
