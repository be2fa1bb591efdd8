#include "statistics/hopkins.h"

#include <math.h>
#include <stdlib.h>

#include "common/die.h"
#include "common/pool.h"
#include "numbers/philox.h"
#include "statistics/dense.h"
#include "statistics/pca.h"

struct draws {
	const struct features *f;
	double *low, *high; /* [d] the box */
	uint64_t seed;
	double *h; /* [n_draws] */
};

/* self: row to leave out; f->n: none. */
static double nearest(const struct features *f, const double *x, size_t self)
{
	double best = INFINITY;
	for (size_t i = 0; i < f->n; i++)
		if (i != self)
			best = fmin(best, dense_squared_distance(x, f->x + i * (size_t)f->ld, (size_t)f->ld));
	return sqrt(best);
}

/* The first m of rows 0..n-1 shuffled (Fisher and Yates). */
static void sample(uint32_t *row, struct philox *random, size_t n, size_t m)
{
	for (size_t i = 0; i < n; i++)
		row[i] = (uint32_t)i;
	for (size_t i = 0; i < m; i++) {
		size_t j = i + philox_below(random, (uint32_t)(n - i));
		uint32_t kept = row[i];
		row[i] = row[j];
		row[j] = kept;
	}
}

static void draw(void *context, int k)
{
	const struct draws *s = context;
	const struct features *f = s->f;
	size_t m = f->n / 10 ? f->n / 10 : 1, ld = (size_t)f->ld;
	struct philox random = philox_open(s->seed, PURPOSE_HOPKINS, (uint64_t)k, 0);
	uint32_t *row = die_malloc(f->n * sizeof *row);
	double *point = die_calloc(ld, sizeof *point), u = 0, w = 0;

	sample(row, &random, f->n, m);
	for (size_t i = 0; i < m; i++) {
		for (size_t d = 0; d < (size_t)f->d; d++)
			point[d] = s->low[d] + (s->high[d] - s->low[d]) * philox_uniform(&random);
		u += nearest(f, point, f->n);
		w += nearest(f, f->x + row[i] * ld, row[i]);
	}

	s->h[k] = u / (u + w);
	free(point);
	free(row);
}

static void set_box(struct draws *s)
{
	for (size_t d = 0; d < (size_t)s->f->d; d++) {
		s->low[d] = s->high[d] = s->f->x[d];
		for (size_t i = 1; i < s->f->n; i++) {
			double x = s->f->x[i * (size_t)s->f->ld + d];
			s->low[d] = x < s->low[d] ? x : s->low[d];
			s->high[d] = x > s->high[d] ? x : s->high[d];
		}
	}
}

double hopkins_statistic(const struct features *f, int n_draws, uint64_t seed)
{
	if (f->n < 2 || n_draws < 1)
		return NAN;
	struct draws s = {.f = f, .seed = seed};
	s.low = die_calloc(2 * (size_t)f->d + (size_t)n_draws, sizeof *s.low);
	s.high = s.low + f->d;
	s.h = s.high + f->d;
	set_box(&s);
	pool_run(draw, &s, n_draws);
	double sum = 0;
	for (int k = 0; k < n_draws; k++)
		sum += s.h[k];
	free(s.low);
	return sum / n_draws;
}

void hopkins_gaussian(struct features *out, const struct features *f, uint64_t seed)
{
	struct pca pca;
	double *score = die_calloc((size_t)f->d, sizeof *score);
	pca_fit(&pca, f);
	scaler_features_init(out, f->n, f->d);
	for (size_t i = 0; i < f->n; i++) {
		struct philox random = philox_open(seed, PURPOSE_HOPKINS, i, 1);
		for (int k = 0; k < f->d; k++)
			score[k] = sqrt(pca.variance[k]) * philox_normal(&random);
		pca_unrotate(&pca, out->x + i * (size_t)out->ld, score);
	}
	pca_release(&pca);
	free(score);
}
