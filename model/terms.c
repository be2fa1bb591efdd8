#include "model/terms.h"

#include <math.h>
#include <stdlib.h>

#include "common/die.h"
#include "common/pool.h"
#include "model/sigreg.h"

#define LEAST_VARIANCE 1e-4 /* under the root: its slope stays finite */

struct terms {
	const struct ops *ops;
	struct terms_weights w;
	int n, n_views, d;
	uint64_t seed;
	/* host */
	float *square;	      /* [D,D] the covariance, then what the gradient multiplies with */
	float *direction, *x; /* [slices,D]; [slices,VN] projections, then their gradients */
	double *statistic;    /* [slices] sums over views */
};

static bool has_spread(const struct terms_weights *w)
{
	return w->variance > 0 || w->covariance > 0;
}

bool terms_any(const struct terms_weights *w)
{
	return w->invariance > 0 || has_spread(w) || w->sigreg > 0;
}

struct terms *terms_new(const struct ops *ops, const struct terms_weights *w, int n, int n_views, int d,
			uint64_t seed)
{
	size_t width = (size_t)d, slices = (size_t)w->slices;
	if (!terms_any(w))
		return NULL;
	struct terms *t = die_calloc(1, sizeof *t);
	*t = (struct terms){.ops = ops, .w = *w, .n = n, .n_views = n_views, .d = d, .seed = seed};
	t->square = die_malloc(width * width * sizeof *t->square);
	if (w->sigreg > 0) {
		t->direction = die_malloc(slices * width * sizeof *t->direction);
		t->x = die_malloc(slices * (size_t)n_views * (size_t)n * sizeof *t->x);
		t->statistic = die_malloc(slices * sizeof *t->statistic);
	}
	return t;
}

void terms_free(struct terms *t)
{
	if (!t)
		return;
	free(t->square);
	free(t->direction);
	free(t->x);
	free(t->statistic);
	free(t);
}

/* ---- scratch: arrays begin on whole vectors ---- */

static size_t round_up(size_t n)
{
	return (n + 15) / 16 * 16;
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

size_t terms_scratch(const struct terms_weights *w, int n, int n_views, int d)
{
	size_t width = (size_t)d, rows = (size_t)n * (size_t)n_views, slices = (size_t)w->slices, most = 0;
	if (w->invariance > 0)
		most = round_up(rows * width) + round_up((size_t)n * width);
	if (has_spread(w))
		most = larger(most, round_up((size_t)n * width) + round_up(width) + width * width);
	if (w->sigreg > 0)
		most = larger(most, round_up(slices * width) + slices * rows);
	return most;
}

/* ---- invariance: over pairs, 2 V / (V - 1) times the mean over views of |z_v - mean|^2 / D ---- */

static double add_invariance(const struct terms *t, float *dp, const float *p, float *scratch)
{
	size_t size = (size_t)t->n * (size_t)t->d, all = size * (size_t)t->n_views;
	float *difference = scratch, *mean = scratch + round_up(all);

	t->ops->zero(mean, size * sizeof *mean);
	for (int v = 0; v < t->n_views; v++)
		t->ops->add(mean, mean, p + (size_t)v * size, size);
	t->ops->divide(mean, mean, -(float)t->n_views, size);
	for (int v = 0; v < t->n_views; v++)
		t->ops->add(difference + (size_t)v * size, p + (size_t)v * size, mean, size);
	double share = 2 * t->w.invariance / ((double)(t->n_views - 1) * (double)size);
	double loss = share * (double)t->ops->sum_squares(difference, all);

	t->ops->divide(difference, difference, (float)(1 / (2 * share)), all);
	t->ops->add(dp, dp, difference, all);
	return loss;
}

/* ---- variance and covariance ---- */

/* square [D,D] holds sums of products of centred columns; it becomes the matrix that the centred rows are
 * multiplied with for their gradient. Returns the two terms of this view. */
static double weigh_spread(const struct terms *t)
{
	int d = t->d;
	double dof = t->n - 1, loss = 0;
	double of_column = t->w.variance / ((double)t->n_views * d),
	       of_place = 2 * t->w.covariance / ((double)t->n_views * d);

	for (int i = 0; i < d; i++)
		for (int j = 0; j < d; j++) {
			float *x = t->square + i * d + j;
			double c = (double)*x / dof;
			if (i != j) {
				loss += of_place * c * c;
				*x = (float)(4 * of_place * c / dof);
				continue;
			}
			double deviation = sqrt(c + LEAST_VARIANCE), lacks = 1 - deviation;
			if (lacks <= 0) {
				*x = 0;
				continue;
			}
			loss += of_column * lacks;
			*x = (float)(-of_column / (deviation * dof));
		}

	return loss;
}

static double add_spread(const struct terms *t, float *dp, const float *z, float *scratch)
{
	int n = t->n, d = t->d;
	float *centred = scratch, *mean = centred + round_up((size_t)n * (size_t)d),
	      *square = mean + round_up((size_t)d);
	size_t n_bytes = (size_t)d * (size_t)d * sizeof *square;

	t->ops->zero(mean, (size_t)d * sizeof *mean);
	t->ops->sum_rows(mean, z, n, d, d, (struct by_block){0});
	t->ops->divide(mean, mean, -(float)n, (size_t)d);
	t->ops->add_position(centred, z, mean, n, 1, d);
	t->ops->gemm(&(struct gemm){.m = d,
				    .n = d,
				    .k = n,
				    .a = centred,
				    .lda = d,
				    .is_a_transposed = true,
				    .b = centred,
				    .ldb = d,
				    .c = square,
				    .ldc = d});

	t->ops->download(t->square, square, n_bytes);
	double loss = weigh_spread(t);
	t->ops->upload(square, t->square, n_bytes);

	t->ops->gemm(&(struct gemm){.m = n,
				    .n = d,
				    .k = d,
				    .a = centred,
				    .lda = d,
				    .b = square,
				    .ldb = d,
				    .c = dp,
				    .ldc = d,
				    .is_accumulated = true});
	return loss;
}

/* ---- SIGReg ---- */

static void one_slice(void *context, int slice)
{
	const struct terms *t = context;
	float *x = t->x + (size_t)slice * (size_t)t->n_views * (size_t)t->n;
	double weight = t->w.sigreg / ((double)t->n_views * t->w.slices), sum = 0;
	for (int v = 0; v < t->n_views; v++, x += t->n)
		sum += sigreg_statistic(x, x, t->n, weight);
	t->statistic[slice] = weight * sum;
}

static double add_sigreg(struct terms *t, float *dp, const float *p, uint64_t step, float *scratch)
{
	int m = t->n_views * t->n, d = t->d, slices = t->w.slices;
	float *direction = scratch, *x = scratch + round_up((size_t)slices * (size_t)d);
	size_t n_bytes = (size_t)slices * (size_t)m * sizeof *x;
	double loss = 0;

	sigreg_directions(t->direction, d, slices, t->seed, step);
	t->ops->upload(direction, t->direction, (size_t)slices * (size_t)d * sizeof *direction);
	t->ops->gemm(&(struct gemm){.m = slices,
				    .n = m,
				    .k = d,
				    .a = direction,
				    .lda = d,
				    .b = p,
				    .ldb = d,
				    .is_b_transposed = true,
				    .c = x,
				    .ldc = m});

	t->ops->download(t->x, x, n_bytes);
	pool_run(one_slice, t, slices);
	for (int k = 0; k < slices; k++)
		loss += t->statistic[k];
	t->ops->upload(x, t->x, n_bytes);

	t->ops->gemm(&(struct gemm){.m = m,
				    .n = d,
				    .k = slices,
				    .a = x,
				    .lda = m,
				    .is_a_transposed = true,
				    .b = direction,
				    .ldb = d,
				    .c = dp,
				    .ldc = d,
				    .is_accumulated = true});
	return loss;
}

/* ---- all ---- */

void terms_add(struct terms *t, float *dp, float *loss, const float *p, uint64_t step, float *scratch)
{
	size_t size = (size_t)t->n * (size_t)t->d;
	double sum = 0;
	if (t->w.invariance > 0)
		sum += add_invariance(t, dp, p, scratch);
	for (int v = 0; v < t->n_views && has_spread(&t->w); v++)
		sum += add_spread(t, dp + (size_t)v * size, p + (size_t)v * size, scratch);
	if (t->w.sigreg > 0)
		sum += add_sigreg(t, dp, p, step, scratch);
	float rounded = (float)sum;
	t->ops->upload(scratch, &rounded, sizeof rounded);
	t->ops->add(loss, loss, scratch, 1);
}

double terms_collapsed(const struct terms_weights *w, int n)
{
	double loss = 0;
	if (w->variance > 0)
		loss += w->variance * (1 - sqrt(LEAST_VARIANCE));
	if (w->sigreg > 0)
		loss += w->sigreg * sigreg_collapsed(n);
	return loss;
}
