#include "statistics/pca.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/pool.h"
#include "statistics/dense.h"
#include "statistics/eigen.h"

enum { STRIP = 32, ROWS = 64, BLOCK = 16 * ROWS /* rows of what is read piece by piece */ };

struct covariance {
	const struct features *f;
	double *sum; /* [ld][ld] */
};

/* Rows of X'X: each element is one chain over the records, ascending. Records go by in blocks that stay in
 * cache. */
DOUBLE4_INLINE void strip_of(const struct covariance *c, int strip)
{
	size_t ld = (size_t)c->f->ld, first = (size_t)strip * STRIP,
	       end = first + STRIP < ld ? first + STRIP : ld;
	for (size_t i = 0; i < c->f->n; i += ROWS) {
		size_t n = i + ROWS < c->f->n ? ROWS : c->f->n - i;
		const double *x = c->f->x + i * ld;
		for (size_t k = first; k < end; k++)
			dense_outer(c->sum + k * ld, x + k, ld, x, ld, n);
	}
}

static void covariance_strip(void *context, int strip)
{
	strip_of(context, strip);
}

DOUBLE4_AVX2 static void covariance_strip_avx2(void *context, int strip)
{
	strip_of(context, strip);
}

/* Add X'X of some rows to sum [ld][ld]. */
static void add_rows(double *sum, const struct features *f)
{
	struct covariance c = {f, sum};
	pool_run(double4_has_avx2() ? covariance_strip_avx2 : covariance_strip, &c,
		 (f->ld + STRIP - 1) / STRIP);
}

/* Axes of the covariance sum / n of features of f's shape; sum is freed. */
static void solve(struct pca *p, double *sum, size_t n, const struct features *f)
{
	size_t d = (size_t)f->d, ld = (size_t)f->ld;
	*p = (struct pca){.d = f->d, .ld = f->ld};
	p->variance = die_calloc(d, sizeof *p->variance);
	p->axes = die_calloc(d * ld, sizeof *p->axes);
	double *dense = die_malloc(2 * d * d * sizeof *dense), *vectors = dense + d * d;

	for (size_t i = 0; i < d; i++)
		for (size_t j = 0; j < d; j++)
			dense[i * d + j] = sum[i * ld + j] / (double)n;
	eigen_symmetric(p->variance, vectors, dense, f->d);

	for (size_t i = 0; i < d; i++) {
		p->variance[i] = p->variance[i] > 0 ? p->variance[i] : 0;
		memcpy(p->axes + i * ld, vectors + i * d, d * sizeof *vectors);
	}

	free(dense);
	free(sum);
}

static double *new_sum(int ld)
{
	return die_calloc((size_t)ld * (size_t)ld, sizeof(double));
}

void pca_fit(struct pca *p, const struct features *f)
{
	double *sum = new_sum(f->ld);
	add_rows(sum, f);
	solve(p, sum, f->n, f);
}

/* Rows first.. of r, as many as a block holds, standardized. */
static void read_block(struct features *block, const struct scaler *s, const struct rows *r, size_t first)
{
	block->n = r->n - first < BLOCK ? r->n - first : BLOCK;
	scaler_apply(s, block, r, first);
}

static struct features new_block(int d)
{
	struct features block;
	scaler_features_init(&block, BLOCK, d);
	return block;
}

static void free_block(struct features *block)
{
	block->n = BLOCK;
	scaler_features_release(block);
}

void pca_fit_rows(struct pca *p, const struct scaler *s, const struct rows *r)
{
	struct features block = new_block(r->d);
	double *sum = new_sum(block.ld);
	for (size_t first = 0; first < r->n; first += BLOCK) {
		read_block(&block, s, r, first);
		add_rows(sum, &block);
	}
	solve(p, sum, r->n, &block);
	free_block(&block);
}

struct projection {
	const struct pca *pca;
	const struct features *in;
	double *out; /* of the first row of in */
	size_t n_axes, out_ld;
};

DOUBLE4_INLINE void project_block(const struct projection *p, int block)
{
	size_t first = (size_t)block * ROWS, n = first + ROWS < p->in->n ? ROWS : p->in->n - first;
	size_t ld = (size_t)p->in->ld;
	for (size_t k = 0; k < p->n_axes; k++)
		dense_dots(p->out + first * p->out_ld + k, p->out_ld, p->pca->axes + k * ld,
			   p->in->x + first * ld, ld, n);
}

static void project_rows(void *context, int block)
{
	project_block(context, block);
}

DOUBLE4_AVX2 static void project_rows_avx2(void *context, int block)
{
	project_block(context, block);
}

/* Into rows first.. of out, which are 0. */
static void project(const struct pca *p, struct features *out, size_t first, const struct features *f)
{
	size_t ld = (size_t)out->ld;
	pool_run(double4_has_avx2() ? project_rows_avx2 : project_rows,
		 &(struct projection){p, f, out->x + first * ld, (size_t)out->d, ld},
		 (int)((f->n + ROWS - 1) / ROWS));
}

void pca_project(const struct pca *p, struct features *out, const struct features *f, int n_axes)
{
	scaler_features_init(out, f->n, n_axes);
	project(p, out, 0, f);
}

void pca_project_rows(const struct pca *p, struct features *out, const struct scaler *s, const struct rows *r)
{
	struct features block = new_block(r->d);
	scaler_features_init(out, r->n, r->d);
	for (size_t first = 0; first < r->n; first += BLOCK) {
		read_block(&block, s, r, first);
		project(p, out, first, &block);
	}
	free_block(&block);
}

void pca_unrotate(const struct pca *p, double *w, const double *v)
{
	memset(w, 0, (size_t)p->ld * sizeof *w);
	dense_outer(w, v, 1, p->axes, (size_t)p->ld, (size_t)p->d);
}

void pca_release(struct pca *p)
{
	free(p->axes);
	free(p->variance);
	*p = (struct pca){0};
}
