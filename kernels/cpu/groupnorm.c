/*
 * GroupNorm with GELU over time-major signals [B,T,C]: per channel, sums over T in chunks of 64 and a
 * pairwise tree; then the channels of a group in ascending order. One task is one record.
 */
#include <math.h>
#include <string.h>

#include "common/pool.h"
#include "kernels/cpu/math.h"
#include "kernels/cpu/reduce.h"
#include "kernels/cpu/table.h"
#include "kernels/workspace.h"

struct norm {
	float *y, *before, *mean, *rstd;
	const float *x, *w, *b, *dy, *kept_before, *kept_mean, *kept_rstd;
	float *partial; /* [B][2C]: dw, db of each record */
	int t, c, groups;
	float eps;
};

static int left_of(int n, int j)
{
	return n - j < 16 ? n - j : 16;
}

/* mean[c], rstd[c] (per channel, equal within a group) from per-group values. */
static void spread(float *to, const float *of_group, int c, int groups)
{
	for (int j = 0; j < c; j++)
		to[j] = of_group[j / (c / groups)];
}

/* of_group[g] = sum of the group's channels, ascending, over the number of elements. */
static void group_means(float *of_group, const float *of_channel, const struct norm *n)
{
	int width = n->c / n->groups;
	for (int g = 0; g < n->groups; g++) {
		float sum = 0;
		for (int j = 0; j < width; j++)
			sum += of_channel[g * width + j];
		of_group[g] = sum / (float)(n->t * width);
	}
}

/* Per channel, sums over time of the squared distance from mean[c]. */
static void square_sums(float *to, const float *x, const float *mean, int t, int c)
{
	for (int j = 0; j < c; j += 16) {
		int left = left_of(c, j);
		v16 mu = v_load_up_to(mean + j, left);
		struct reduce r;
		float part[REDUCE_COLUMNS] = {0};
		r.n_chunks = 0;
		r.depth = 0;
		for (int from = 0; from < t; from += REDUCE_ROWS) {
			v16 sum = v_set(0);
			for (int i = from; i < from + REDUCE_ROWS && i < t; i++) {
				v16 d = v_sub(v_load_up_to(x + (size_t)i * (size_t)c + j, left), mu);
				sum = v_fma(d, d, sum);
			}
			v_store(part, sum);
			reduce_push(&r, part);
		}
		memcpy(to + j, reduce_end(&r), (size_t)left * sizeof *to);
	}
}

static void forward_task(void *context, int record)
{
	const struct norm *n = context;
	int t = n->t, c = n->c;
	size_t at = (size_t)record * (size_t)t * (size_t)c;
	const float *x = n->x + at;
	float *sums = workspace_thread(WORKSPACE_TILE), *mu = sums + c, *scale = mu + c;
	float *mean = n->mean + (size_t)record * (size_t)n->groups,
	      *rstd = n->rstd + (size_t)record * (size_t)n->groups;

	ISA(reduce_rows_serial)(sums, x, (size_t)t, c, (size_t)c, REDUCE_ROWS, false);
	group_means(mean, sums, n);
	spread(mu, mean, c, n->groups);
	square_sums(sums, x, mu, t, c);
	group_means(rstd, sums, n);
	for (int g = 0; g < n->groups; g++)
		rstd[g] = 1.0f / sqrtf(rstd[g] + n->eps);
	spread(scale, rstd, c, n->groups);

	for (int i = 0; i < t; i++) {
		size_t row = at + (size_t)i * (size_t)c;
		for (int j = 0; j < c; j += 16) {
			int left = left_of(c, j);
			v16 hat = v_mul(v_sub(v_load_up_to(n->x + row + j, left), v_load_up_to(mu + j, left)),
					v_load_up_to(scale + j, left));
			v16 z = v_fma(hat, v_load_up_to(n->w + j, left), v_load_up_to(n->b + j, left));
			if (n->before)
				v_store_up_to(n->before + row + j, z, left);
			v_store_up_to(n->y + row + j, v_gelu(z), left);
		}
	}
}

void ISA(groupnorm_gelu)(float *y, float *before_gelu, float *mean, float *rstd, const float *x,
			 const float *w, const float *b, int batch, int t, int c, int groups, float eps)
{
	struct norm n = {.y = y,
			 .before = before_gelu,
			 .mean = mean,
			 .rstd = rstd,
			 .x = x,
			 .w = w,
			 .b = b,
			 .t = t,
			 .c = c,
			 .groups = groups,
			 .eps = eps};
	workspace_reserve(WORKSPACE_TILE, 3 * (size_t)c);
	pool_run(forward_task, &n, batch);
}

/* dz = dy GELU'(before) into dx, and per channel the sums over time of dz (db) and dz xhat (dw). */
static void gelu_and_sums(const struct norm *n, size_t at, const float *mu, const float *scale, float *dw,
			  float *db)
{
	for (int j = 0; j < n->c; j += 16) {
		int left = left_of(n->c, j);
		v16 mean = v_load_up_to(mu + j, left), rstd = v_load_up_to(scale + j, left);
		struct reduce r;
		float part[REDUCE_COLUMNS];
		r.n_chunks = 0;
		r.depth = 0;
		for (int from = 0; from < n->t; from += REDUCE_ROWS) {
			v16 sum = v_set(0), sum_hat = v_set(0);
			for (int i = from; i < from + REDUCE_ROWS && i < n->t; i++) {
				size_t e = at + (size_t)i * (size_t)n->c + (size_t)j;
				v16 dz = v_mul(v_load_up_to(n->dy + e, left),
					       v_gelu_gradient(v_load_up_to(n->kept_before + e, left)));
				v16 hat = v_mul(v_sub(v_load_up_to(n->x + e, left), mean), rstd);
				v_store_up_to(n->y + e, dz, left);
				sum = v_add(sum, dz);
				sum_hat = v_fma(dz, hat, sum_hat);
			}
			v_store(part, sum);
			v_store(part + 16, sum_hat);
			reduce_push(&r, part);
		}
		const float *sums = reduce_end(&r);
		memcpy(db + j, sums, (size_t)left * sizeof *db);
		memcpy(dw + j, sums + 16, (size_t)left * sizeof *dw);
	}
}

static void backward_task(void *context, int record)
{
	const struct norm *n = context;
	int t = n->t, c = n->c, groups = n->groups;
	size_t at = (size_t)record * (size_t)t * (size_t)c, group_at = (size_t)record * (size_t)groups;
	float *dw = n->partial + (size_t)record * 2 * (size_t)c, *db = dw + c;
	float *mu = workspace_thread(WORKSPACE_TILE), *scale = mu + c, *m1 = scale + c, *m2 = m1 + c;
	float *products = m2 + c, *means = products + c;

	spread(mu, n->kept_mean + group_at, c, groups);
	spread(scale, n->kept_rstd + group_at, c, groups);
	gelu_and_sums(n, at, mu, scale, dw, db);
	for (int j = 0; j < c; j++)
		products[j] = n->w[j] * db[j];
	group_means(means, products, n);
	spread(m1, means, c, groups);
	for (int j = 0; j < c; j++)
		products[j] = n->w[j] * dw[j];
	group_means(means, products, n);
	spread(m2, means, c, groups);

	for (int i = 0; i < t; i++) {
		size_t row = at + (size_t)i * (size_t)c;
		for (int j = 0; j < c; j += 16) {
			int left = left_of(c, j);
			v16 rstd = v_load_up_to(scale + j, left);
			v16 hat = v_mul(v_sub(v_load_up_to(n->x + row + j, left), v_load_up_to(mu + j, left)),
					rstd);
			v16 g = v_mul(v_load_up_to(n->y + row + j, left), v_load_up_to(n->w + j, left));
			g = v_fma(hat, v_neg(v_load_up_to(m2 + j, left)),
				  v_sub(g, v_load_up_to(m1 + j, left)));
			v_store_up_to(n->y + row + j, v_mul(g, rstd), left);
		}
	}
}

void ISA(groupnorm_gelu_backward)(float *dx, float *dw, float *db, const float *dy, const float *before_gelu,
				  const float *x, const float *w, const float *mean, const float *rstd,
				  int batch, int t, int c, int groups)
{
	size_t row = 2 * (size_t)c;
	struct norm n = {.y = dx,
			 .dy = dy,
			 .kept_before = before_gelu,
			 .x = x,
			 .w = w,
			 .kept_mean = mean,
			 .kept_rstd = rstd,
			 .partial = workspace_shared(WORKSPACE_PARTIAL, (size_t)batch * row + 1),
			 .t = t,
			 .c = c,
			 .groups = groups};

	workspace_reserve(WORKSPACE_TILE, 6 * (size_t)c);
	pool_run(backward_task, &n, batch);
	ISA(reduce_rows_serial)(dw, n.partial, (size_t)batch, c, row, REDUCE_ROWS, true);
	ISA(reduce_rows_serial)(db, n.partial + c, (size_t)batch, c, row, REDUCE_ROWS, true);
}
