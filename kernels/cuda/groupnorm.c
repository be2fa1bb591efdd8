/*
 * GroupNorm with GELU over time-major signals [B,T,C], a block a record: per channel, sums over T in chunks
 * of 64 and a tree; then the channels of a group in ascending order. A block's sums lie in global memory,
 * which its barriers order too.
 */
#include "kernels/cuda/reduce.h"

struct groupnorm_args {
	const float *x, *w, *b, *dy, *kept_before;
	float *y, *before_gelu, *mean, *rstd, *dx;
	float *partial; /* [B][n_chunks][2C] */
	float *sums;	/* [B][2C]: of each record, dw and then db */
	float *dw, *db;
	int batch, t, c, groups, n_chunks;
	float eps;
	struct record_sums sums_of;
};

/* Of one record. */
struct groupnorm_record {
	size_t at;	       /* its first sample */
	float *partial, *sums; /* [n_chunks][2C], [2C] */
	float *mean, *rstd;    /* [G] */
};

DEV struct groupnorm_record record_of(const struct groupnorm_args *a, int record)
{
	size_t r = (size_t)record, width = 2 * (size_t)a->c;
	struct groupnorm_record of = {r * (size_t)a->t * (size_t)a->c,
				      a->partial + r * (size_t)a->n_chunks * width, a->sums + r * width,
				      a->mean + r * (size_t)a->groups, a->rstd + r * (size_t)a->groups};
	return of;
}

DEV int end_of_chunk(const struct groupnorm_args *a, int chunk)
{
	return (chunk + 1) * REDUCE_ROWS < a->t ? (chunk + 1) * REDUCE_ROWS : a->t;
}

/* sums[c] = the tree over chunks of columns 0..n. */
DEV void climb_chunks(const struct groupnorm_args *a, struct groupnorm_record r, int n)
{
	__syncthreads();
	for (int c = (int)threadIdx.x; c < n; c += (int)blockDim.x)
		r.sums[c] = tree_of(r.partial + c, a->n_chunks, 2 * (size_t)a->c);
	__syncthreads();
}

/* The sum of a group's channels, ascending, over the number of elements; weights NULL: ones. */
DEV float group_mean(const struct groupnorm_args *a, const float *of_channel, const float *weights, int group)
{
	int width = a->c / a->groups;
	float sum = 0;
	for (int c = group * width; c < (group + 1) * width; c++)
		sum = ADD(sum, weights ? MUL(weights[c], of_channel[c]) : of_channel[c]);
	return DIV(sum, (float)(a->t * width));
}

/* Into partial: sums over the rows of a chunk, of x, or of the squared distance from mean. */
DEV void chunk_sums(const struct groupnorm_args *a, struct groupnorm_record r, const float *mean)
{
	int width = a->c / a->groups;
	for (int e = (int)threadIdx.x; e < a->n_chunks * a->c; e += (int)blockDim.x) {
		int chunk = e / a->c, c = e % a->c;
		float sum = 0, mu = mean ? mean[c / width] : 0.0f;
		for (int t = chunk * REDUCE_ROWS; t < end_of_chunk(a, chunk); t++) {
			float x = a->x[r.at + (size_t)t * (size_t)a->c + (size_t)c], d = SUB(x, mu);
			sum = mean ? FMA(d, d, sum) : ADD(sum, x);
		}
		r.partial[(size_t)chunk * 2 * (size_t)a->c + (size_t)c] = sum;
	}
	climb_chunks(a, r, a->c);
}

KERNEL(groupnorm_gelu, groupnorm_args)
{
	struct groupnorm_record r = record_of(&a, (int)blockIdx.x);
	int width = a.c / a.groups;

	chunk_sums(&a, r, NULL);
	for (int g = (int)threadIdx.x; g < a.groups; g += (int)blockDim.x)
		r.mean[g] = group_mean(&a, r.sums, NULL, g);
	__syncthreads();
	chunk_sums(&a, r, r.mean);
	for (int g = (int)threadIdx.x; g < a.groups; g += (int)blockDim.x)
		r.rstd[g] = DIV(1.0f, SQRT(ADD(group_mean(&a, r.sums, NULL, g), a.eps)));
	__syncthreads();

	for (int i = (int)threadIdx.x; i < a.t * a.c; i += (int)blockDim.x) {
		int c = i % a.c;
		float hat = MUL(SUB(a.x[r.at + (size_t)i], r.mean[c / width]), r.rstd[c / width]);
		float z = FMA(hat, a.w[c], a.b[c]);
		if (a.before_gelu)
			a.before_gelu[r.at + (size_t)i] = z;
		a.y[r.at + (size_t)i] = gelu_of(z);
	}
}

/* dz = dy GELU'(before) into dx, and its sums: columns 0..C dz xhat, C..2C dz. */
DEV void gradient_sums(const struct groupnorm_args *a, struct groupnorm_record r)
{
	int width = a->c / a->groups;
	for (int e = (int)threadIdx.x; e < a->n_chunks * a->c; e += (int)blockDim.x) {
		int chunk = e / a->c, c = e % a->c;
		float sum = 0, sum_hat = 0, mean = r.mean[c / width], rstd = r.rstd[c / width];
		for (int t = chunk * REDUCE_ROWS; t < end_of_chunk(a, chunk); t++) {
			size_t at = r.at + (size_t)t * (size_t)a->c + (size_t)c;
			float dz = MUL(a->dy[at], gelu_gradient_of(a->kept_before[at]));
			a->dx[at] = dz;
			sum = ADD(sum, dz);
			sum_hat = FMA(dz, MUL(SUB(a->x[at], mean), rstd), sum_hat);
		}
		float *to = r.partial + (size_t)chunk * 2 * (size_t)a->c + (size_t)c;
		to[0] = sum_hat;
		to[a->c] = sum;
	}
	climb_chunks(a, r, 2 * a->c);
}

/* partial becomes [2][G]: the means over a group of w db and of w dw. */
KERNEL(groupnorm_gelu_backward, groupnorm_args)
{
	struct groupnorm_record r = record_of(&a, (int)blockIdx.x);
	int width = a.c / a.groups;
	float *m1 = r.partial, *m2 = r.partial + a.groups;

	gradient_sums(&a, r);
	for (int g = (int)threadIdx.x; g < a.groups; g += (int)blockDim.x) {
		m1[g] = group_mean(&a, r.sums + a.c, a.w, g);
		m2[g] = group_mean(&a, r.sums, a.w, g);
	}
	__syncthreads();

	for (int i = (int)threadIdx.x; i < a.t * a.c; i += (int)blockDim.x) {
		int c = i % a.c, g = c / width;
		float hat = MUL(SUB(a.x[r.at + (size_t)i], r.mean[g]), r.rstd[g]);
		float d = SUB(MUL(a.dx[r.at + (size_t)i], a.w[c]), m1[g]);
		a.dx[r.at + (size_t)i] = MUL(FMA(hat, -m2[g], d), r.rstd[g]);
	}
}

/* Over records in chunks of 64 and a tree; one addition for every sum of a block, blockIdx.y. */
KERNEL(groupnorm_records, groupnorm_args)
{
	int c = (int)FIRST;
	if (c >= 2 * a.c)
		return;
	float *to = (c < a.c ? a.dw + c : a.db + (c - a.c)) + (size_t)blockIdx.y * a.sums_of.stride;
	for (int number = 0; number < a.sums_of.n; number++) {
		struct records r = records_of_sum(&a.sums_of, number, a.batch);
		int first = r.from, end = first + r.n;
		struct climbing sums;
		if (!is_sum_of_block(&a.sums_of, number, (int)blockIdx.y))
			continue;
		sums.n = sums.depth = 0;
		for (int from = first; from < end; from += REDUCE_ROWS) {
			float sum = 0;
			for (int i = from; i < end && i < from + REDUCE_ROWS; i++)
				sum = ADD(sum, a.sums[(size_t)i * 2 * (size_t)a.c + (size_t)c]);
			climb(&sums, sum);
		}
		*to = ADD(*to, climbed(&sums));
	}
}

#if GPU_HOST
#include "kernels/cuda/device.h"
#include "kernels/cuda/table.h"

static struct groupnorm_args args_of(const struct groupnorm *s)
{
	struct groupnorm_args a = {.x = s->x,
				   .w = s->w,
				   .b = s->b,
				   .dy = s->dy,
				   .kept_before = s->before_gelu,
				   .y = s->y,
				   .before_gelu = s->before_gelu,
				   .mean = s->mean,
				   .rstd = s->rstd,
				   .dx = s->dx,
				   .dw = s->dw,
				   .db = s->db,
				   .batch = s->batch,
				   .t = s->t,
				   .c = s->c,
				   .groups = s->groups,
				   .n_chunks = (s->t + REDUCE_ROWS - 1) / REDUCE_ROWS,
				   .sums_of = device_sums(s->sums, s->sum_records, s->batch),
				   .eps = s->eps};
	size_t row = 2 * (size_t)s->c, batch = (size_t)s->batch;
	a.partial = device_workspace(batch * row * (size_t)(a.n_chunks + 1) + 1);
	a.sums = a.partial + batch * row * (size_t)a.n_chunks;
	return a;
}

void groupnorm_gelu(const struct groupnorm *s)
{
	struct groupnorm_args a = args_of(s);
	LAUNCH(groupnorm_gelu, device_blocks((size_t)s->batch, 1), 256, &a);
}

void groupnorm_gelu_backward(const struct groupnorm *s)
{
	struct groupnorm_args a = args_of(s);
	LAUNCH(groupnorm_gelu_backward, device_blocks((size_t)s->batch, 1), 256, &a);
	if (s->batch > 0)
		LAUNCH(groupnorm_records,
		       ((struct device_grid){(2 * (size_t)s->c + 63) / 64, (size_t)a.sums_of.n_blocks, 1}),
		       64, &a);
}
#endif
