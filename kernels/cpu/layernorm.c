/* LayerNorm over rows of D floats; sums over D in 16 lanes, sums over rows in chunks of 64 and a pairwise
 * tree. */
#include <math.h>
#include <string.h>

#include "common/pool.h"
#include "kernels/cpu/reduce.h"
#include "kernels/cpu/table.h"
#include "kernels/workspace.h"

struct norm {
	float *y, *mean, *rstd;
	const float *x, *w, *b, *dy, *dresidual;
	const float *kept_mean, *kept_rstd;
	float *partial; /* [n_chunks][2D]: dw, db of each chunk */
	int m, d;
	float eps;
};

static int left_of(int d, int j)
{
	return d - j < 16 ? d - j : 16;
}

static float row_mean(const float *x, int d)
{
	v16 sum = v_set(0);
	for (int j = 0; j < d; j += 16)
		sum = v_add(sum, v_load_up_to(x + j, left_of(d, j)));
	return v_sum(sum) / (float)d;
}

static float row_variance(const float *x, float mean, int d)
{
	v16 sum = v_set(0), mu = v_set(mean);
	int j = 0;
	for (; j + 16 <= d; j += 16) {
		v16 c = v_sub(v_load(x + j), mu);
		sum = v_fma(c, c, sum);
	}
	if (j < d) {
		v16 c = v_sub(v_load_n_or(x + j, d - j, mean), mu);
		sum = v_fma(c, c, sum);
	}
	return v_sum(sum) / (float)d;
}

static void forward_task(void *context, int chunk)
{
	const struct norm *n = context;
	int end = (chunk + 1) * REDUCE_ROWS < n->m ? (chunk + 1) * REDUCE_ROWS : n->m;
	for (int i = chunk * REDUCE_ROWS; i < end; i++) {
		const float *x = n->x + (size_t)i * (size_t)n->d;
		float *y = n->y + (size_t)i * (size_t)n->d;
		float mean = row_mean(x, n->d), rstd = 1.0f / sqrtf(row_variance(x, mean, n->d) + n->eps);
		n->mean[i] = mean;
		n->rstd[i] = rstd;
		for (int j = 0; j < n->d; j += 16) {
			int left = left_of(n->d, j);
			v16 hat = v_mul(v_sub(v_load_up_to(x + j, left), v_set(mean)), v_set(rstd));
			v_store_up_to(y + j,
				      v_fma(hat, v_load_up_to(n->w + j, left), v_load_up_to(n->b + j, left)),
				      left);
		}
	}
}

void ISA(layernorm_forward)(float *y, float *mean, float *rstd, const float *x, const float *w,
			    const float *b, int m, int d, float eps)
{
	struct norm n = {
		.y = y, .mean = mean, .rstd = rstd, .x = x, .w = w, .b = b, .m = m, .d = d, .eps = eps};
	pool_run(forward_task, &n, (m + REDUCE_ROWS - 1) / REDUCE_ROWS);
}

/* dx = rstd (g - mean(g) - xhat mean(g xhat)), g = dy w; dw, db of the chunk go on growing in dw[D], db[D].
 */
static void backward_row(const struct norm *n, int i, float *dw, float *db)
{
	size_t at = (size_t)i * (size_t)n->d;
	const float *x = n->x + at, *dy = n->dy + at;
	v16 mean = v_set(n->kept_mean[i]), rstd = v_set(n->kept_rstd[i]), sum = v_set(0), sum_hat = v_set(0);

	for (int j = 0; j < n->d; j += 16) {
		int left = left_of(n->d, j);
		v16 hat = v_mul(v_sub(v_load_up_to(x + j, left), mean), rstd), d = v_load_up_to(dy + j, left);
		v16 g = v_mul(d, v_load_up_to(n->w + j, left)); /* +0 or -0 beyond d: adds nothing */
		sum = v_add(sum, g);
		sum_hat = v_fma(g, hat, sum_hat);
		v_store_up_to(dw + j, v_fma(d, hat, v_load_up_to(dw + j, left)), left);
		v_store_up_to(db + j, v_add(d, v_load_up_to(db + j, left)), left);
	}

	v16 m1 = v_set(v_sum(sum) / (float)n->d), m2 = v_set(-(v_sum(sum_hat) / (float)n->d));
	for (int j = 0; j < n->d; j += 16) {
		int left = left_of(n->d, j);
		v16 hat = v_mul(v_sub(v_load_up_to(x + j, left), mean), rstd);
		v16 g = v_mul(v_load_up_to(dy + j, left), v_load_up_to(n->w + j, left));
		v16 dx = v_mul(v_fma(hat, m2, v_sub(g, m1)), rstd);
		if (n->dresidual)
			dx = v_add(dx, v_load_up_to(n->dresidual + at + j, left));
		v_store_up_to(n->y + at + j, dx, left);
	}
}

static void backward_task(void *context, int chunk)
{
	const struct norm *n = context;
	int end = (chunk + 1) * REDUCE_ROWS < n->m ? (chunk + 1) * REDUCE_ROWS : n->m;
	float *dw = n->partial + (size_t)chunk * 2 * (size_t)n->d, *db = dw + n->d;
	memset(dw, 0, 2 * (size_t)n->d * sizeof *dw);
	for (int i = chunk * REDUCE_ROWS; i < end; i++)
		backward_row(n, i, dw, db);
}

static void backward_of_block(struct norm n, float *dw, float *db)
{
	size_t n_chunks = ((size_t)n.m + REDUCE_ROWS - 1) / REDUCE_ROWS, row = 2 * (size_t)n.d;
	n.partial = workspace_shared(WORKSPACE_PARTIAL, n_chunks * row + 1);
	pool_run(backward_task, &n, (int)n_chunks);
	reduce_tree(n.partial, n_chunks, row, row);
	for (int j = 0; j < n.d; j++) {
		dw[j] += n.partial[j];
		db[j] += n.partial[n.d + j];
	}
}

void ISA(layernorm_backward)(float *dx, float *dw, float *db, const float *dy, const float *x, const float *w,
			     const float *mean, const float *rstd, const float *dresidual, int m, int d,
			     struct by_block by)
{
	int step = by.rows ? by.rows : m;
	for (int first = 0; first < m; first += step, dw += by.stride, db += by.stride) {
		size_t at = (size_t)first * (size_t)d;
		backward_of_block((struct norm){.y = dx + at,
						.dy = dy + at,
						.x = x + at,
						.w = w,
						.kept_mean = mean + first,
						.kept_rstd = rstd + first,
						.dresidual = dresidual ? dresidual + at : NULL,
						.m = m - first < step ? m - first : step,
						.d = d},
				  dw, db);
	}
}
