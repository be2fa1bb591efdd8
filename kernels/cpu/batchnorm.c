/*
 * BatchNorm over rows of [M,C], with a residual and a ReLU behind it. Sums over the rows of a block: chunks
 * of 64, each one chain, then a pairwise tree. One task is a chunk of rows, or 64 columns of the trees.
 */
#include <math.h>
#include <string.h>

#include "common/pool.h"
#include "kernels/cpu/reduce.h"
#include "kernels/cpu/table.h"
#include "kernels/workspace.h"

enum { SPAN = 64 }; /* columns of the tree per task */

struct sums {
	const struct batchnorm *n;
	float *sums;	/* [n_blocks][width] */
	float *partial; /* [n_blocks * of_block][width]; the last block may have fewer chunks */
	int width, sum_rows, of_block;
};

static int left_of(int n, int j)
{
	return n - j < 16 ? n - j : 16;
}

/* Rows of one chunk. */
struct rows {
	int from, end;
};

static struct rows rows_of(const struct sums *s, int chunk)
{
	int block = chunk / s->of_block, end = (block + 1) * s->sum_rows;
	struct rows r = {.from = block * s->sum_rows + chunk % s->of_block * REDUCE_ROWS};
	end = end < s->n->m ? end : s->n->m;
	r.end = r.from + REDUCE_ROWS < end ? r.from + REDUCE_ROWS : end;
	return r;
}

/* The tree over the chunks of every block, SPAN columns of it. */
static void tree_task(void *context, int task)
{
	const struct sums *s = context;
	size_t width = (size_t)s->width, from = (size_t)task * SPAN,
	       n = width - from < SPAN ? width - from : SPAN;
	for (int row = 0, block = 0; row < s->n->m; row += s->sum_rows, block++) {
		int rows = s->n->m - row < s->sum_rows ? s->n->m - row : s->sum_rows;
		float *of_block = s->partial + (size_t)(block * s->of_block) * width + from;
		reduce_tree(of_block, (size_t)(rows + REDUCE_ROWS - 1) / REDUCE_ROWS, n, width);
		memcpy(s->sums + (size_t)block * width + from, of_block, n * sizeof *of_block);
	}
}

/* Runs task per chunk of rows and adds the chunks of each block up. */
static void sum_chunks(void (*task)(void *context, int chunk), const struct batchnorm *n, float *sums,
		       int width)
{
	struct sums s = {.n = n, .sums = sums, .width = width, .sum_rows = n->sum_rows ? n->sum_rows : n->m};
	if (n->m <= 0)
		return;
	s.of_block = (s.sum_rows + REDUCE_ROWS - 1) / REDUCE_ROWS;
	int last = n->m % s.sum_rows,
	    n_chunks = n->m / s.sum_rows * s.of_block + (last + REDUCE_ROWS - 1) / REDUCE_ROWS;
	s.partial = workspace_shared(WORKSPACE_PARTIAL, (size_t)n_chunks * (size_t)width);
	pool_run(task, &s, n_chunks);
	pool_run(tree_task, &s, (width + SPAN - 1) / SPAN);
}

/* ---- statistics ---- */

static void mean_task(void *context, int chunk)
{
	const struct sums *s = context;
	const struct batchnorm *n = s->n;
	float *to = s->partial + (size_t)chunk * (size_t)s->width;
	struct rows rows = rows_of(s, chunk);
	for (int j = 0; j < n->c; j += 16) {
		int left = left_of(n->c, j);
		v16 sum = v_set(0);
		for (int i = rows.from; i < rows.end; i++)
			sum = v_add(sum, v_load_up_to(n->x + (size_t)i * (size_t)n->c + j, left));
		v_store_up_to(to + j, sum, left);
	}
}

static void variance_task(void *context, int chunk)
{
	const struct sums *s = context;
	const struct batchnorm *n = s->n;
	float *to = s->partial + (size_t)chunk * (size_t)s->width;
	struct rows rows = rows_of(s, chunk);
	for (int j = 0; j < n->c; j += 16) {
		int left = left_of(n->c, j);
		v16 sum = v_set(0), mean = v_load_up_to(n->mean + j, left);
		for (int i = rows.from; i < rows.end; i++) {
			v16 d = v_sub(v_load_up_to(n->x + (size_t)i * (size_t)n->c + j, left), mean);
			sum = v_fma(d, d, sum);
		}
		v_store_up_to(to + j, sum, left);
	}
}

void ISA(batchnorm_sums)(const struct batchnorm *n, float *sums)
{
	sum_chunks(mean_task, n, sums, n->c);
}

void ISA(batchnorm_square_sums)(const struct batchnorm *n, float *sums)
{
	sum_chunks(variance_task, n, sums, n->c);
}

void ISA(batchnorm_running)(float *mean, float *variance, const struct batchnorm *n, float momentum)
{
	float unbias = n->n_rows > 1 ? (float)n->n_rows / (float)(n->n_rows - 1) : 1;
	for (int j = 0; j < n->c; j++) {
		if (!isfinite(n->mean[j]) || !isfinite(n->variance[j]))
			continue;
		mean[j] = (1 - momentum) * mean[j] + momentum * n->mean[j];
		variance[j] = (1 - momentum) * variance[j] + momentum * (n->variance[j] * unbias);
	}
}

/* ---- forward ---- */

static int end_of(const struct batchnorm *n, int chunk)
{
	int end = (chunk + 1) * REDUCE_ROWS;
	return end < n->m ? end : n->m;
}

INLINE v16 deviation_inverse(const struct batchnorm *n, int j, int left)
{
	return v_div(v_set(1), v_sqrt(v_add(v_load_up_to(n->variance + j, left), v_set(n->eps))));
}

static void forward_task(void *context, int chunk)
{
	const struct batchnorm *n = context;
	const v16 zero = v_set(0);
	for (int j = 0; j < n->c; j += 16) {
		int left = left_of(n->c, j);
		v16 mean = v_load_up_to(n->mean + j, left), rstd = deviation_inverse(n, j, left);
		v16 w = v_load_up_to(n->w + j, left), b = v_load_up_to(n->b + j, left);
		for (int i = chunk * REDUCE_ROWS; i < end_of(n, chunk); i++) {
			size_t at = (size_t)i * (size_t)n->c + (size_t)j;
			v16 z = v_fma(v_mul(v_sub(v_load_up_to(n->x + at, left), mean), rstd), w, b);
			if (n->residual)
				z = v_add(z, v_load_up_to(n->residual + at, left));
			/* not v_max: a NaN must come through */
			v_store_up_to(n->y + at, n->has_relu ? v_select(v_less(z, zero), zero, z) : z, left);
		}
	}
}

void ISA(batchnorm_forward)(const struct batchnorm *n)
{
	struct batchnorm shared = *n;
	pool_run(forward_task, &shared, (n->m + REDUCE_ROWS - 1) / REDUCE_ROWS);
}

/* ---- backward ---- */

INLINE v16 gradient_at(const struct batchnorm *n, size_t at, int left)
{
	const v16 zero = v_set(0);
	v16 dy = v_load_up_to(n->dy + at, left);
	return n->has_relu ? v_select(v_less(zero, v_load_up_to(n->y + at, left)), dy, zero) : dy;
}

/* Sums of dz and dz xhat. */
static void gradients_task(void *context, int chunk)
{
	const struct sums *s = context;
	const struct batchnorm *n = s->n;
	float *to = s->partial + (size_t)chunk * (size_t)s->width;
	struct rows rows = rows_of(s, chunk);

	for (int j = 0; j < n->c; j += 16) {
		int left = left_of(n->c, j);
		v16 mean = v_load_up_to(n->mean + j, left), rstd = deviation_inverse(n, j, left);
		v16 sum = v_set(0), sum_hat = v_set(0);
		for (int i = rows.from; i < rows.end; i++) {
			size_t at = (size_t)i * (size_t)n->c + (size_t)j;
			v16 dz = gradient_at(n, at, left);
			v16 hat = v_mul(v_sub(v_load_up_to(n->x + at, left), mean), rstd);
			sum = v_add(sum, dz);
			sum_hat = v_fma(dz, hat, sum_hat);
		}
		v_store_up_to(to + j, sum, left);
		v_store_up_to(to + n->c + j, sum_hat, left);
	}
}

void ISA(batchnorm_gradient_sums)(const struct batchnorm *n, float *sums)
{
	sum_chunks(gradients_task, n, sums, 2 * n->c);
}

static void backward_task(void *context, int chunk)
{
	const struct batchnorm *n = context;
	const float *sum = n->sums;
	v16 count = v_set((float)n->n_rows);

	for (int j = 0; j < n->c; j += 16) {
		int left = left_of(n->c, j);
		v16 mean = v_load_up_to(n->mean + j, left), rstd = deviation_inverse(n, j, left);
		v16 m1 = v_div(v_load_up_to(sum + j, left), count),
		    m2 = v_div(v_load_up_to(sum + n->c + j, left), v_neg(count));
		v16 scale = v_mul(v_load_up_to(n->w + j, left), rstd);
		for (int i = chunk * REDUCE_ROWS; i < end_of(n, chunk); i++) {
			size_t at = (size_t)i * (size_t)n->c + (size_t)j;
			v16 dz = gradient_at(n, at, left);
			v16 hat = v_mul(v_sub(v_load_up_to(n->x + at, left), mean), rstd);
			if (n->dresidual)
				v_store_up_to(n->dresidual + at, dz, left);
			v_store_up_to(n->dx + at, v_mul(v_fma(hat, m2, v_sub(dz, m1)), scale), left);
		}
	}
}

void ISA(batchnorm_backward)(const struct batchnorm *n)
{
	struct batchnorm shared = *n;
	pool_run(backward_task, &shared, (n->m + REDUCE_ROWS - 1) / REDUCE_ROWS);
}
