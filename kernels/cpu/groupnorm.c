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
	struct groupnorm s;
	float *partial; /* [B][2C]: dw, db of each record */
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
	int width = n->s.c / n->s.groups;
	for (int g = 0; g < n->s.groups; g++) {
		float sum = 0;
		for (int j = 0; j < width; j++)
			sum += of_channel[g * width + j];
		of_group[g] = sum / (float)(n->s.t * width);
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
	int t = n->s.t, c = n->s.c;
	size_t at = (size_t)record * (size_t)t * (size_t)c;
	const float *x = n->s.x + at;
	float *sums = workspace_thread(WORKSPACE_TILE), *mu = sums + c, *scale = mu + c;
	float *mean = n->s.mean + (size_t)record * (size_t)n->s.groups,
	      *rstd = n->s.rstd + (size_t)record * (size_t)n->s.groups;

	ISA(reduce_rows_serial)(sums, x, (size_t)t, c, (size_t)c, REDUCE_ROWS, false);
	group_means(mean, sums, n);
	spread(mu, mean, c, n->s.groups);
	square_sums(sums, x, mu, t, c);
	group_means(rstd, sums, n);
	for (int g = 0; g < n->s.groups; g++)
		rstd[g] = 1.0f / sqrtf(rstd[g] + n->s.eps);
	spread(scale, rstd, c, n->s.groups);

	for (int i = 0; i < t; i++) {
		size_t row = at + (size_t)i * (size_t)c;
		for (int j = 0; j < c; j += 16) {
			int left = left_of(c, j);
			v16 hat =
				v_mul(v_sub(v_load_up_to(n->s.x + row + j, left), v_load_up_to(mu + j, left)),
				      v_load_up_to(scale + j, left));
			v16 z = v_fma(hat, v_load_up_to(n->s.w + j, left), v_load_up_to(n->s.b + j, left));
			if (n->s.before_gelu)
				v_store_up_to(n->s.before_gelu + row + j, z, left);
			v_store_up_to(n->s.y + row + j, v_gelu(z), left);
		}
	}
}

void ISA(groupnorm_gelu)(const struct groupnorm *s)
{
	struct norm n = {.s = *s};
	workspace_reserve(WORKSPACE_TILE, 3 * (size_t)s->c);
	pool_run(forward_task, &n, s->batch);
}

/* dz = dy GELU'(before) into dx, and per channel the sums over time of dz (db) and dz xhat (dw). */
static void gelu_and_sums(const struct norm *n, size_t at, const float *mu, const float *scale, float *dw,
			  float *db)
{
	for (int j = 0; j < n->s.c; j += 16) {
		int left = left_of(n->s.c, j);
		v16 mean = v_load_up_to(mu + j, left), rstd = v_load_up_to(scale + j, left);
		struct reduce r;
		float part[REDUCE_COLUMNS];
		r.n_chunks = 0;
		r.depth = 0;
		for (int from = 0; from < n->s.t; from += REDUCE_ROWS) {
			v16 sum = v_set(0), sum_hat = v_set(0);
			for (int i = from; i < from + REDUCE_ROWS && i < n->s.t; i++) {
				size_t e = at + (size_t)i * (size_t)n->s.c + (size_t)j;
				v16 dz = v_mul(v_load_up_to(n->s.dy + e, left),
					       v_gelu_gradient(v_load_up_to(n->s.before_gelu + e, left)));
				v16 hat = v_mul(v_sub(v_load_up_to(n->s.x + e, left), mean), rstd);
				v_store_up_to(n->s.dx + e, dz, left);
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
	int t = n->s.t, c = n->s.c, groups = n->s.groups;
	size_t at = (size_t)record * (size_t)t * (size_t)c, group_at = (size_t)record * (size_t)groups;
	float *dw = n->partial + (size_t)record * 2 * (size_t)c, *db = dw + c;
	float *mu = workspace_thread(WORKSPACE_TILE), *scale = mu + c, *m1 = scale + c, *m2 = m1 + c;
	float *products = m2 + c, *means = products + c;

	spread(mu, n->s.mean + group_at, c, groups);
	spread(scale, n->s.rstd + group_at, c, groups);
	gelu_and_sums(n, at, mu, scale, dw, db);
	for (int j = 0; j < c; j++)
		products[j] = n->s.w[j] * db[j];
	group_means(means, products, n);
	spread(m1, means, c, groups);
	for (int j = 0; j < c; j++)
		products[j] = n->s.w[j] * dw[j];
	group_means(means, products, n);
	spread(m2, means, c, groups);

	for (int i = 0; i < t; i++) {
		size_t row = at + (size_t)i * (size_t)c;
		for (int j = 0; j < c; j += 16) {
			int left = left_of(c, j);
			v16 rstd = v_load_up_to(scale + j, left);
			v16 hat =
				v_mul(v_sub(v_load_up_to(n->s.x + row + j, left), v_load_up_to(mu + j, left)),
				      rstd);
			v16 g = v_mul(v_load_up_to(n->s.dx + row + j, left), v_load_up_to(n->s.w + j, left));
			g = v_fma(hat, v_neg(v_load_up_to(m2 + j, left)),
				  v_sub(g, v_load_up_to(m1 + j, left)));
			v_store_up_to(n->s.dx + row + j, v_mul(g, rstd), left);
		}
	}
}

static void add_sum(const struct norm *n, int i)
{
	const struct record_sums *s = n->s.sums;
	int first = s->first ? s->first[i] : i * s->most, end = s->first ? s->first[i + 1] : first + s->most;
	size_t row = 2 * (size_t)n->s.c, to = (size_t)(s->block ? s->block[i] : i) * s->stride;
	size_t records = (size_t)((end < n->s.batch ? end : n->s.batch) - first);
	const float *partial = n->partial + (size_t)first * row;
	ISA(reduce_rows_serial)(n->s.dw + to, partial, records, n->s.c, row, REDUCE_ROWS, true);
	ISA(reduce_rows_serial)(n->s.db + to, partial + n->s.c, records, n->s.c, row, REDUCE_ROWS, true);
}

void ISA(groupnorm_gelu_backward)(const struct groupnorm *s)
{
	size_t row = 2 * (size_t)s->c;
	struct norm n = {.s = *s, .partial = workspace_shared(WORKSPACE_PARTIAL, (size_t)s->batch * row + 1)};
	int step = s->sum_records ? s->sum_records : s->batch;

	workspace_reserve(WORKSPACE_TILE, 6 * (size_t)s->c);
	pool_run(backward_task, &n, s->batch);
	for (int i = 0; s->sums && i < s->sums->n; i++)
		add_sum(&n, i);
	for (int i = s->sums ? s->batch : 0; i < s->batch; i += step) {
		const float *partial = n.partial + (size_t)i * row;
		size_t records = (size_t)(s->batch - i < step ? s->batch - i : step);
		ISA(reduce_rows_serial)(s->dw, partial, records, s->c, row, REDUCE_ROWS, true);
		ISA(reduce_rows_serial)(s->db, partial + s->c, records, s->c, row, REDUCE_ROWS, true);
	}
}
