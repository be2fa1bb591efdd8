#include "statistics/clustering.h"

#include <math.h>
#include <stdlib.h>

#include "common/die.h"
#include "common/pool.h"
#include "statistics/dense.h"

struct groups {
	const struct features *f;
	const int *label;
	int n_labels, n_used;
	size_t *count;	/* [n_labels] */
	double *centre; /* [n_labels][ld] */
	bool is_cosine;
	double *silhouette; /* [n] */
};

/* False (and nothing to release) where the indices are undefined. */
static bool groups_init(struct groups *g, const struct features *f, const int *label, int n_labels)
{
	size_t ld = (size_t)f->ld;
	*g = (struct groups){.f = f, .label = label, .n_labels = n_labels};
	g->count = die_calloc((size_t)n_labels + 1, sizeof *g->count);
	for (size_t i = 0; i < f->n; i++)
		g->count[label[i]]++;
	for (int c = 0; c < n_labels; c++)
		g->n_used += g->count[c] > 0;
	if (g->n_used < 2 || (size_t)g->n_used == f->n) {
		free(g->count);
		return false;
	}

	g->centre = die_calloc((size_t)n_labels * ld, sizeof *g->centre);
	for (size_t i = 0; i < f->n; i++)
		for (size_t k = 0; k < ld; k++)
			g->centre[(size_t)label[i] * ld + k] += f->x[i * ld + k];

	for (size_t c = 0; c < (size_t)n_labels; c++)
		for (size_t k = 0; g->count[c] && k < ld; k++)
			g->centre[c * ld + k] /= (double)g->count[c];
	return true;
}

static void groups_release(struct groups *g)
{
	free(g->count);
	free(g->centre);
}

static const double *centre(const struct groups *g, int c)
{
	return g->centre + (size_t)c * (size_t)g->f->ld;
}

static double distance(const struct groups *g, const double *a, const double *b)
{
	double squared = dense_squared_distance(a, b, (size_t)g->f->ld);
	return g->is_cosine ? squared / 2 : sqrt(squared);
}

static void silhouette_of(void *context, int i)
{
	struct groups *g = context;
	size_t ld = (size_t)g->f->ld;
	double *sum = die_calloc((size_t)g->n_labels, sizeof *sum), nearest = INFINITY;
	int own = g->label[i];
	for (size_t j = 0; j < g->f->n; j++)
		if (j != (size_t)i)
			sum[g->label[j]] += distance(g, g->f->x + (size_t)i * ld, g->f->x + j * ld);
	for (int c = 0; c < g->n_labels; c++)
		if (c != own && g->count[c])
			nearest = fmin(nearest, sum[c] / (double)g->count[c]);
	double within = g->count[own] > 1 ? sum[own] / (double)(g->count[own] - 1) : 0;
	double greater = fmax(within, nearest);
	g->silhouette[i] = g->count[own] > 1 && greater > 0 ? (nearest - within) / greater : 0;
	free(sum);
}

double clustering_silhouette(const struct features *f, const int *label, int n_labels, bool is_cosine)
{
	struct groups g;
	if (!groups_init(&g, f, label, n_labels))
		return NAN;
	g.is_cosine = is_cosine;
	g.silhouette = die_malloc(f->n * sizeof *g.silhouette);
	pool_run(silhouette_of, &g, (int)f->n);
	double sum = 0;
	for (size_t i = 0; i < f->n; i++)
		sum += g.silhouette[i];
	free(g.silhouette);
	groups_release(&g);
	return sum / (double)f->n;
}

/* Worst ratio of scatters to the distance of centres, for label a; coinciding centres do not count,
 * as in scikit-learn. */
static double worst_ratio(const struct groups *g, const double *scatter, int a, double *farthest)
{
	double worst = 0;
	for (int b = 0; b < g->n_labels; b++) {
		if (a == b || !g->count[b])
			continue;
		double apart = distance(g, centre(g, a), centre(g, b));
		*farthest = fmax(*farthest, apart);
		if (apart > 0)
			worst = fmax(worst, (scatter[a] + scatter[b]) / apart);
	}
	return worst;
}

double clustering_davies_bouldin(const struct features *f, const int *label, int n_labels)
{
	struct groups g;
	if (!groups_init(&g, f, label, n_labels))
		return NAN;
	double *scatter = die_calloc((size_t)n_labels, sizeof *scatter), sum = 0, farthest = 0, widest = 0;
	for (size_t i = 0; i < f->n; i++)
		scatter[label[i]] += distance(&g, f->x + i * (size_t)f->ld, centre(&g, label[i]));

	for (int c = 0; c < n_labels; c++) {
		scatter[c] /= g.count[c] ? (double)g.count[c] : 1;
		widest = fmax(widest, scatter[c]);
	}

	for (int c = 0; c < n_labels; c++)
		sum += g.count[c] ? worst_ratio(&g, scatter, c, &farthest) : 0;
	double index = widest > 1e-8 && farthest > 1e-8 ? sum / g.n_used : 0;
	free(scatter);
	groups_release(&g);

	return index;
}

double clustering_calinski_harabasz(const struct features *f, const int *label, int n_labels)
{
	struct groups g;
	if (!groups_init(&g, f, label, n_labels))
		return NAN;
	size_t ld = (size_t)f->ld;
	double *mean = die_calloc(ld, sizeof *mean), between = 0, within = 0;

	for (size_t i = 0; i < f->n; i++)
		for (size_t k = 0; k < ld; k++)
			mean[k] += f->x[i * ld + k];
	for (size_t k = 0; k < ld; k++)
		mean[k] /= (double)f->n;
	for (int c = 0; c < n_labels; c++)
		between += (double)g.count[c] * dense_squared_distance(centre(&g, c), mean, ld);
	for (size_t i = 0; i < f->n; i++)
		within += dense_squared_distance(f->x + i * ld, centre(&g, label[i]), ld);

	double index =
		within > 0 ? between * (double)(f->n - (size_t)g.n_used) / (within * (g.n_used - 1)) : 1;
	free(mean);
	groups_release(&g);

	return index;
}
