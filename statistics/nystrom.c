#include "statistics/nystrom.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/pool.h"
#include "numbers/dmath.h"
#include "numbers/double4.h"
#include "statistics/eigen.h"

#define LEAST_DEVIATION 1e-6
#define LEAST_BANDWIDTH 1e-6 /* records that are all alike */
#define LEAST_VALUE	1e-3 /* of K's, in its root */

void nystrom_init(struct nystrom *e, int n, int dim)
{
	size_t rows = (size_t)n, width = (size_t)dim;
	*e = (struct nystrom){n,
			      dim,
			      .mean = die_calloc(width, sizeof(float)),
			      .deviation = die_calloc(width, sizeof(float)),
			      .exemplar = die_calloc(rows * width, sizeof(float)),
			      .root = die_calloc(rows * rows, sizeof(float))};
}

void nystrom_release(struct nystrom *e)
{
	free(e->mean);
	free(e->deviation);
	free(e->exemplar);
	free(e->root);
	*e = (struct nystrom){0};
}

/* ---- sums of four lanes ---- */

/* Four floats as doubles; no function, whose result would be passed otherwise with AVX than without. */
#define WIDEN(x) __builtin_convertvector(*(const double4_floats *)(x), double4)

DOUBLE4_INLINE double squared_distance(const float *a, const float *b, size_t n)
{
	double4 sum = {0};
	size_t i = 0;
	for (; i + 4 <= n; i += 4) {
		double4 d = WIDEN(a + i) - WIDEN(b + i);
		sum += d * d;
	}
	for (; i < n; i++) {
		double d = (double)a[i] - (double)b[i];
		sum[i % 4] += d * d;
	}
	return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

DOUBLE4_INLINE double dot(const float *a, const double *b, size_t n)
{
	double4 sum = {0};
	size_t i = 0;
	for (; i + 4 <= n; i += 4)
		sum += WIDEN(a + i) * *(const double4 *)(b + i);
	for (; i < n; i++)
		sum[i % 4] += (double)a[i] * b[i];
	return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* out [n]: squared distances of z [dim] from the exemplars before the n-th. */
DOUBLE4_INLINE void distances(double *out, const struct nystrom *e, const float *z, int n)
{
	size_t dim = (size_t)e->dim;
	for (int j = 0; j < n; j++)
		out[j] = squared_distance(z, e->exemplar + (size_t)j * dim, dim);
}

DOUBLE4_INLINE void rotate(float *h, const struct nystrom *e, const double *k)
{
	size_t n = (size_t)e->n;
	for (size_t i = 0; i < n; i++)
		h[i] = (float)dot(e->root + i * n, k, n);
}

DOUBLE4_AVX2 static void distances_avx2(double *out, const struct nystrom *e, const float *z, int n)
{
	distances(out, e, z, n);
}

static void distances_plain(double *out, const struct nystrom *e, const float *z, int n)
{
	distances(out, e, z, n);
}

DOUBLE4_AVX2 static void rotate_avx2(float *h, const struct nystrom *e, const double *k)
{
	rotate(h, e, k);
}

static void rotate_plain(float *h, const struct nystrom *e, const double *k)
{
	rotate(h, e, k);
}

static void measure(double *out, const struct nystrom *e, const float *z, int n)
{
	(double4_has_avx2() ? distances_avx2 : distances_plain)(out, e, z, n);
}

/* ---- a row ---- */

static void standardise(const struct nystrom *e, float *z, const float *features)
{
	for (int k = 0; k < e->dim; k++) {
		double deviation = (double)e->deviation[k];
		z[k] = deviation < LEAST_DEVIATION
			       ? 0
			       : (float)(((double)features[k] - (double)e->mean[k]) / deviation);
	}
}

static double similarity(const struct nystrom *e, double distance)
{
	return dmath_exp(-distance / (double)e->bandwidth);
}

void nystrom_map(const struct nystrom *e, float *h, const float *features)
{
	float *z = die_malloc((size_t)e->dim * sizeof *z);
	double *k = die_malloc((size_t)e->n * sizeof *k);
	standardise(e, z, features);
	measure(k, e, z, e->n);
	for (int j = 0; j < e->n; j++)
		k[j] = similarity(e, k[j]);
	(double4_has_avx2() ? rotate_avx2 : rotate_plain)(h, e, k);
	free(z);
	free(k);
}

/* ---- learning ---- */

struct learning {
	struct nystrom *e;
	double *kernel;			 /* [n][n]: distances of earlier exemplars, then K */
	double *value, *vector, *weight; /* of K: [n], [n][n]; [n] the values' inverse roots */
};

/* Two passes over the exemplars, ascending. */
static void measure_moments(struct nystrom *e, const float *features)
{
	size_t dim = (size_t)e->dim;
	for (size_t k = 0; k < dim; k++) {
		double mean = 0, square = 0;
		for (size_t i = 0; i < (size_t)e->n; i++)
			mean += (double)features[i * dim + k];
		mean /= e->n;
		for (size_t i = 0; i < (size_t)e->n; i++) {
			double d = (double)features[i * dim + k] - mean;
			square += d * d;
		}
		e->mean[k] = (float)mean;
		e->deviation[k] = (float)sqrt(square / e->n);
	}
}

static void measure_row(void *context, int i)
{
	const struct learning *l = context;
	measure(l->kernel + (size_t)i * (size_t)l->e->n, l->e, l->e->exemplar + (size_t)i * (size_t)l->e->dim,
		i);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Of the distances of all pairs; 0 of none. */
static double median(const struct learning *l)
{
	size_t n = (size_t)l->e->n, n_pairs = n * (n - 1) / 2, at = 0;
	double *d = die_malloc((n_pairs + 1) * sizeof *d);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			d[at++] = l->kernel[i * n + j];
	qsort(d, n_pairs, sizeof *d, by_value);
	double m = n_pairs ? (d[(n_pairs - 1) / 2] + d[n_pairs / 2]) / 2 : 0;
	free(d);
	return m;
}

static void fill_kernel(struct learning *l)
{
	size_t n = (size_t)l->e->n;
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++)
			l->kernel[i * n + j] = l->kernel[j * n + i] = similarity(l->e, l->kernel[i * n + j]);
		l->kernel[i * n + i] = 1;
	}
}

/* Row i of R: sum over the values, greatest first, of U_ik weight_k U_jk. */
static void fill_root(void *context, int i)
{
	const struct learning *l = context;
	size_t n = (size_t)l->e->n;
	double *row = die_calloc(n, sizeof *row);
	for (size_t k = 0; k < n; k++) {
		const double *u = l->vector + k * n;
		double factor = u[i] * l->weight[k];
		for (size_t j = 0; j < n; j++)
			row[j] += factor * u[j];
	}
	for (size_t j = 0; j < n; j++)
		l->e->root[(size_t)i * n + j] = (float)row[j];
	free(row);
}

void nystrom_learn(struct nystrom *e, const float *features, double factor,
		   void (*tell)(void *context, double share), void *context)
{
	size_t n = (size_t)e->n;
	struct learning l = {e, die_malloc(n * n * sizeof(double)), die_malloc(n * sizeof(double)),
			     die_malloc(n * n * sizeof(double)), die_malloc(n * sizeof(double))};

	measure_moments(e, features);
	for (size_t i = 0; i < n; i++)
		standardise(e, e->exemplar + i * (size_t)e->dim, features + i * (size_t)e->dim);
	pool_run(measure_row, &l, e->n);
	e->bandwidth = (float)fmax(factor * median(&l), LEAST_BANDWIDTH);
	fill_kernel(&l);

	eigen_symmetric_told(l.value, l.vector, l.kernel, e->n, tell, context);
	for (size_t k = 0; k < n; k++)
		l.weight[k] = 1 / sqrt(fmax(l.value[k], LEAST_VALUE));
	pool_run(fill_root, &l, e->n);

	free(l.kernel);
	free(l.value);
	free(l.vector);
	free(l.weight);
}
