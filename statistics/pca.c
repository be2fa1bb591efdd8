#include "statistics/pca.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/pool.h"
#include "statistics/dense.h"
#include "statistics/eigen.h"

enum { STRIP = 32, ROWS = 64 };

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

void pca_fit(struct pca *p, const struct features *f)
{
	size_t d = (size_t)f->d, ld = (size_t)f->ld;
	*p = (struct pca){.d = f->d, .ld = f->ld};
	p->variance = die_calloc(d, sizeof *p->variance);
	p->axes = die_calloc(d * ld, sizeof *p->axes);

	struct covariance c = {f, die_calloc(ld * ld, sizeof *c.sum)};
	pool_run(double4_has_avx2() ? covariance_strip_avx2 : covariance_strip, &c,
		 (int)((ld + STRIP - 1) / STRIP));
	double *dense = die_malloc(2 * d * d * sizeof *dense), *vectors = dense + d * d;

	for (size_t i = 0; i < d; i++)
		for (size_t j = 0; j < d; j++)
			dense[i * d + j] = c.sum[i * ld + j] / (double)f->n;
	eigen_symmetric(p->variance, vectors, dense, f->d);

	for (size_t i = 0; i < d; i++) {
		p->variance[i] = p->variance[i] > 0 ? p->variance[i] : 0;
		memcpy(p->axes + i * ld, vectors + i * d, d * sizeof *vectors);
	}

	free(dense);
	free(c.sum);
}

struct projection {
	const struct pca *pca;
	const struct features *in;
	struct features *out;
};

DOUBLE4_INLINE void project_block(const struct projection *p, int block)
{
	size_t first = (size_t)block * ROWS, n = first + ROWS < p->in->n ? ROWS : p->in->n - first;
	size_t ld = (size_t)p->in->ld, out_ld = (size_t)p->out->ld;
	for (size_t k = 0; k < (size_t)p->out->d; k++)
		dense_dots(p->out->x + first * out_ld + k, out_ld, p->pca->axes + k * ld,
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

void pca_project(const struct pca *p, struct features *out, const struct features *f, int n_axes)
{
	scaler_features_init(out, f->n, n_axes);
	pool_run(double4_has_avx2() ? project_rows_avx2 : project_rows, &(struct projection){p, f, out},
		 (int)((f->n + ROWS - 1) / ROWS));
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
