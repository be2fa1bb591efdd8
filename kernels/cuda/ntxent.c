/*
 * NT-Xent, a block a row of similarities: the M x M matrix never exists. The first pass finds each row's
 * log-sum-exp; the second makes the row again and needs no other's, for s_ij = s_ji to the bit.
 *
 * Every row's loss is row_i lse_i - own_i sum s_ij over its record's other views - other_i sum s_ij over the
 * positives of other records; which rows are candidates and what the three weights are is all that objectives
 * differ in.
 */
#include "kernels/cuda/reduce.h"

struct ntxent_args {
	const float *z;
	const uint64_t *patient; /* NULL: all differ */
	float *u, *turned;	 /* [M][D] unit rows, [D][M] */
	float *inverse;		 /* [M] 1 / |z| */
	float *lse, *loss;
	float *is_nearest;	  /* 1 where the nearest row is of the same record */
	float *row, *own, *other; /* weights; other begins as a count */
	float *result;		  /* loss, top1 */
	float *dz;
	float *rows; /* NULL: a row lies in shared memory; else [blocks][M + D] */
	int n, n_views, m, d, is_masked, has_sets, is_across;
	float temperature;
};

/* Another record of the same patient. */
DEV int is_same(const struct ntxent_args *a, int record, int other)
{
	return other != record && a->patient[other] == a->patient[record];
}

/* Whether row j is another view of row i's record. */
DEV int is_partner(const struct ntxent_args *a, int i, int j)
{
	return j != i && j % a->n == i % a->n;
}

DEV int is_left_out(const struct ntxent_args *a, int i, int j)
{
	int is_of_view = a->is_across && i / a->n == j / a->n;
	return i == j || is_of_view || (a->is_masked && is_same(a, i % a->n, j % a->n));
}

/* Whether row j is a positive of row i from another record. */
DEV int is_other_positive(const struct ntxent_args *a, int i, int j)
{
	return is_same(a, i % a->n, j % a->n) && !(a->is_across && i / a->n == j / a->n);
}

/* Half a warp a row. */
KERNEL(ntxent_units, ntxent_args)
{
	size_t i = FIRST / LANES, d = (size_t)a.d;
	if (i >= (size_t)a.m)
		return;
	const float *z = a.z + i * d;
	float sum = 0;
	for (int j = lane_of(); j < a.d; j += LANES)
		sum = FMA(z[j], z[j], sum);
	float norm = SQRT(lanes_sum(sum)), inverse = DIV(1.0f, norm < 1e-12f ? 1e-12f : norm);

	for (int j = lane_of(); j < a.d; j += LANES) {
		float u = MUL(z[j], inverse);
		a.u[i * d + (size_t)j] = u;
		a.turned[(size_t)j * (size_t)a.m + i] = u;
	}
	if (lane_of() == 0) {
		int n = 0;
		for (int j = 0; a.has_sets && j < a.n; j++)
			n += is_same(&a, (int)i % a.n, j);
		a.inverse[i] = inverse;
		a.other[i] = (float)n;
	}
}

/* One block: counts become weights; all of a row's positives alike, or, across views, CLOCS's two means
 * with half of the weight each. Counts are whole: their sum is exact. */
KERNEL(ntxent_weights, ntxent_args)
{
	double n_pairs = 0;
	for (int i = 0; i < a.m; i++)
		n_pairs += (double)a.other[i];
	__syncthreads(); /* all have read the counts */
	int has_pairs = a.is_across && n_pairs > 0;
	float pair = has_pairs ? (float)((double)a.m / (2 * n_pairs)) : 0.0f;

	for (int i = (int)threadIdx.x; i < a.m; i += (int)blockDim.x) {
		float n = a.other[i], n_own = ADD((float)(a.n_views - 1), MUL((float)a.n_views, n)),
		      own = a.is_across ? 1.0f : DIV(1.0f, n_own);
		a.own[i] = has_pairs ? 0.5f : own;
		a.other[i] = has_pairs ? pair : a.has_sets ? own : 0.0f;
		a.row[i] = has_pairs ? ADD(0.5f, MUL(pair, n)) : 1.0f;
	}
}

/* s[M] = similarities of row i over temperature, -inf where left out. */
DEV void similarities(const struct ntxent_args *a, float *s, int i)
{
	const float *u = a->u + (size_t)i * (size_t)a->d;
	float factor = DIV(1.0f, a->temperature);
	for (int j = (int)threadIdx.x; j < a->m; j += (int)blockDim.x) {
		float sum = 0;
		for (int c = 0; c < a->d; c++)
			sum = FMA(u[c], a->turned[(size_t)c * (size_t)a->m + (size_t)j], sum);
		s[j] = is_left_out(a, i, j) ? -INFINITY : MUL(sum, factor);
	}
	__syncthreads();
}

/* Weighted sum of s over row i's positives, its record's first. */
DEV float positive_sum(const struct ntxent_args *a, const float *s, int i)
{
	float own = 0, sum = 0;
	for (int j = i % a->n; j < a->m; j += a->n)
		if (j != i)
			own = ADD(own, s[j]);
	for (int j = 0; a->has_sets && j < a->m; j++)
		if (is_other_positive(a, i, j))
			sum = ADD(sum, s[j]);
	return ADD(MUL(a->own[i], own), MUL(a->other[i], sum));
}

/* Whether the first of the nearest rows is of row i's record; NaN is near to nothing. */
DEV int is_nearest(const struct ntxent_args *a, const float *s, int i, float maximum)
{
	int j = 0;
	while (j < a->m && s[j] != maximum)
		j++;
	return j < a->m && is_partner(a, i, j);
}

/* By the first sixteen threads. */
DEV void loss_of_row(const struct ntxent_args *a, const float *s, int i)
{
	float largest = -INFINITY, sum = 0;
	for (int j = lane_of(); j < a->m; j += LANES)
		largest = larger(s[j], largest);
	float maximum = lanes_maximum(largest);
	for (int j = lane_of(); j < a->m; j += LANES)
		sum = ADD(sum, exp_of(SUB(s[j], maximum)));
	float lse = ADD(maximum, log_of(lanes_sum(sum)));

	if (lane_of() == 0) {
		a->lse[i] = lse;
		a->loss[i] = SUB(MUL(a->row[i], lse), positive_sum(a, s, i));
		a->is_nearest[i] = (float)is_nearest(a, s, i, maximum);
	}
}

DEV float *row_of_block(const struct ntxent_args *a, float *shared)
{
	return a->rows ? a->rows + (size_t)blockIdx.x * (size_t)(a->m + a->d) : shared;
}

KERNEL(ntxent_loss, ntxent_args)
{
	DYNAMIC_SHARED(shared);
	float *s = row_of_block(&a, shared);
	for (int i = (int)blockIdx.x; i < a.m; i += (int)gridDim.x) {
		similarities(&a, s, i);
		if (threadIdx.x < LANES)
			loss_of_row(&a, s, i);
		__syncthreads();
	}
}

/* s becomes d loss / d s_ij + d loss / d s_ji: (row_i exp(s - lse_i) + row_j exp(s - lse_j) - 2 own or
 * other where positive) / M. Partners, and records of one patient, have equal weights. */
DEV void gradient_of_row(const struct ntxent_args *a, float *s, int i)
{
	float share = DIV(1.0f, (float)a->m);
	for (int j = (int)threadIdx.x; j < a->m; j += (int)blockDim.x) {
		float p = MUL(a->row[i], exp_of(SUB(s[j], a->lse[i])));
		float q = MUL(a->row[j], exp_of(SUB(s[j], a->lse[j]))), g = MUL(ADD(p, q), share);
		if (is_partner(a, i, j))
			g = SUB(g, MUL(MUL(2.0f, a->own[i]), share));
		if (a->has_sets && is_other_positive(a, i, j))
			g = SUB(g, MUL(MUL(2.0f, a->other[i]), share));
		s[j] = g;
	}
	__syncthreads();
}

/* dz = (du - u (u . du)) / |z|, by the first sixteen threads. */
DEV void gradient_of_input(const struct ntxent_args *a, const float *du, int i)
{
	const float *u = a->u + (size_t)i * (size_t)a->d;
	float *dz = a->dz + (size_t)i * (size_t)a->d, sum = 0;
	for (int j = lane_of(); j < a->d; j += LANES)
		sum = FMA(u[j], du[j], sum);
	float along = -lanes_sum(sum);
	for (int j = lane_of(); j < a->d; j += LANES)
		dz[j] = MUL(FMA(u[j], along, du[j]), a->inverse[i]);
}

KERNEL(ntxent_gradient, ntxent_args)
{
	DYNAMIC_SHARED(shared);
	float *s = row_of_block(&a, shared), *du = s + a.m, factor = DIV(1.0f, a.temperature);
	for (int i = (int)blockIdx.x; i < a.m; i += (int)gridDim.x) {
		similarities(&a, s, i);
		gradient_of_row(&a, s, i);
		for (int c = (int)threadIdx.x; c < a.d; c += (int)blockDim.x) {
			float sum = 0;
			for (int j = 0; j < a.m; j++)
				sum = FMA(s[j], a.u[(size_t)j * (size_t)a.d + (size_t)c], sum);
			du[c] = MUL(sum, factor);
		}
		__syncthreads();
		if (threadIdx.x < LANES)
			gradient_of_input(&a, du, i);
		__syncthreads();
	}
}

/* Sixteen threads for each of the two means. */
KERNEL(ntxent_means, ntxent_args)
{
	const float *x = threadIdx.x < LANES ? a.loss : a.is_nearest;
	float sum = 0;
	for (int j = lane_of(); j < a.m; j += LANES)
		sum = ADD(sum, x[j]);
	sum = lanes_sum(sum);
	if (lane_of() == 0)
		a.result[threadIdx.x / LANES] = DIV(sum, (float)a.m);
}

#if GPU_HOST
#include "kernels/cuda/device.h"
#include "kernels/cuda/table.h"

enum { BLOCKS = 1024, VECTORS = 7 };

size_t ntxent_scratch(int m, int d)
{
	size_t rows = (size_t)m;
	return 2 * rows * (size_t)d + VECTORS * rows;
}

static struct ntxent_args args_of(const struct ntxent *l, float *scratch)
{
	bool has_sets = l->patient && l->same_patient == SAME_PATIENT_POSITIVE,
	     is_masked = l->patient && l->same_patient == SAME_PATIENT_MASK;
	int n_views = l->n_views ? l->n_views : 2;
	struct ntxent_args a = {.z = l->z,
				.patient = l->patient,
				.dz = l->dz,
				.result = l->result,
				.n = l->n,
				.n_views = n_views,
				.m = n_views * l->n,
				.d = l->d,
				.is_masked = is_masked,
				.has_sets = has_sets,
				.is_across = l->is_across,
				.temperature = l->temperature};
	float **vectors[VECTORS] = {&a.inverse, &a.lse, &a.loss, &a.is_nearest, &a.row, &a.own, &a.other};
	size_t m = (size_t)a.m;

	a.u = scratch;
	a.turned = a.u + m * (size_t)a.d;
	for (size_t i = 0; i < VECTORS; i++)
		*vectors[i] = a.turned + m * (size_t)a.d + i * m;
	return a;
}

void ntxent_loss(const struct ntxent *l, float *scratch)
{
	struct ntxent_args a = args_of(l, scratch);
	size_t m = (size_t)a.m, n_shared = (m + (size_t)a.d) * sizeof(float), n_blocks = m;
	if (n_shared > DEVICE_SHARED) {
		n_blocks = m < BLOCKS ? m : BLOCKS;
		a.rows = device_workspace(n_blocks * (m + (size_t)a.d));
		n_shared = 0;
	}

	LAUNCH(ntxent_units, device_blocks(m, 128 / LANES), 128, &a);
	LAUNCH(ntxent_weights, device_blocks(1, 1), 256, &a);
	LAUNCH_SHARED(ntxent_loss, device_blocks(n_blocks, 1), 128, n_shared, &a);
	LAUNCH(ntxent_means, device_blocks(1, 1), 2 * LANES, &a);
	if (l->dz)
		LAUNCH_SHARED(ntxent_gradient, device_blocks(n_blocks, 1), 128, n_shared, &a);
}
#endif
