#include "statistics/space.h"

#include <math.h>
#include <stdlib.h>

#include "common/die.h"
#include "statistics/agreement.h"
#include "statistics/clustering.h"
#include "statistics/geometry.h"
#include "statistics/hopkins.h"
#include "statistics/kmeans.h"
#include "statistics/knn.h"
#include "statistics/pca.h"
#include "statistics/rankme.h"
#include "statistics/scores.h"
#include "statistics/tsne.h"

enum { NEIGHBOURS = 5, STARTS = 20, DRAWS = 10, AXES = 50 };

/* Rows minus the mean of raw_of's rows, so that test and training rows share an origin. */
static void centre(struct features *f, const float *raw, size_t n, int dim, const double *mean)
{
	scaler_features_init(f, n, dim);
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < dim; k++)
			f->x[i * (size_t)f->ld + (size_t)k] =
				(double)raw[i * (size_t)dim + (size_t)k] - mean[k];
}

static double *mean_of(const float *raw, size_t n, int dim)
{
	double *mean = die_calloc((size_t)dim, sizeof *mean);
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < dim; k++)
			mean[k] += (double)raw[i * (size_t)dim + (size_t)k];
	for (int k = 0; k < dim && n; k++)
		mean[k] /= (double)n;
	return mean;
}

static bool is_constant(const struct features *f)
{
	for (size_t i = 1; i < f->n; i++)
		for (int k = 0; k < f->d; k++)
			if (f->x[i * (size_t)f->ld + (size_t)k] != f->x[k])
				return false;
	return true;
}

static void set(json_t *out, const char *name, double x)
{
	json_object_set_new(out, name, scores_number(x));
}

static void set_clusters(json_t *out, const struct space_input *in, const struct features *f,
			 const struct features *unit)
{
	int n_classes = in->n_classes, *cluster = die_malloc((in->n + 1) * sizeof *cluster);
	bool can = in->n >= (size_t)n_classes;
	if (can)
		kmeans_fit(cluster, f, n_classes, STARTS, in->seed);
	set(out, "ari", can ? agreement_ari(in->label, n_classes, cluster, n_classes, in->n) : NAN);
	set(out, "nmi", can ? agreement_nmi(in->label, n_classes, cluster, n_classes, in->n) : NAN);
	set(out, "silhouette", clustering_silhouette(f, in->label, n_classes, false));
	set(out, "silhouette_cosine", clustering_silhouette(unit, in->label, n_classes, true));
	set(out, "davies_bouldin", clustering_davies_bouldin(f, in->label, n_classes));
	set(out, "calinski_harabasz", clustering_calinski_harabasz(f, in->label, n_classes));
	free(cluster);
}

static void set_neighbours(json_t *out, const struct space_input *in, const struct features *unit,
			   const double *mean)
{
	set(out, "purity", knn_purity(unit, in->label, NEIGHBOURS));
	double accuracy = NAN;
	if (in->n && in->n_train >= NEIGHBOURS) {
		struct features train, unit_train;
		centre(&train, in->train, in->n_train, in->dim, mean);
		geometry_normalize(&unit_train, &train);
		accuracy = knn_accuracy(&unit_train, in->train_label, unit, in->label, in->n_classes,
					NEIGHBOURS);
		scaler_features_release(&train);
		scaler_features_release(&unit_train);
	}
	set(out, "knn_accuracy", accuracy);
}

/* Mean squared distance of the two views of a record. They have an origin of their own: masks and noise move
 * views away from whole records. */
static double alignment(const struct space_input *in)
{
	struct features f[2], unit[2];
	double *mean = mean_of(in->pair[0], in->n_pairs, in->dim),
	       *other = mean_of(in->pair[1], in->n_pairs, in->dim);

	for (int k = 0; k < in->dim; k++)
		mean[k] = (mean[k] + other[k]) / 2;
	for (int v = 0; v < 2; v++) {
		centre(&f[v], in->pair[v], in->n_pairs, in->dim, mean);
		geometry_normalize(&unit[v], &f[v]);
	}

	double out = geometry_alignment(&unit[0], &unit[1]);
	for (int v = 0; v < 2; v++) {
		scaler_features_release(&f[v]);
		scaler_features_release(&unit[v]);
	}

	free(mean);
	free(other);
	return out;
}

json_t *space_measures(const struct space_input *in)
{
	json_t *out = json_object();
	struct features f, unit, normal;
	double *mean = mean_of(in->raw, in->n, in->dim);

	json_object_set_new(out, "n", json_integer((json_int_t)in->n));
	centre(&f, in->raw, in->n, in->dim, mean);
	bool constant = in->n >= 2 && is_constant(&f);
	json_object_set_new(out, "is_constant", json_boolean(constant));

	if (in->n >= 2 && !constant) {
		geometry_normalize(&unit, &f);
		set(out, "alignment", in->n_pairs ? alignment(in) : NAN);
		set(out, "uniformity", geometry_uniformity(&unit));
		set(out, "rankme", rankme(in->raw, (int)in->n, in->dim));
		set_neighbours(out, in, &unit, mean);
		set_clusters(out, in, &f, &unit);
		hopkins_gaussian(&normal, &f, in->seed);
		set(out, "hopkins", hopkins_statistic(&f, DRAWS, in->seed));
		set(out, "hopkins_gaussian", hopkins_statistic(&normal, DRAWS, in->seed));
		scaler_features_release(&normal);
		scaler_features_release(&unit);
	}

	scaler_features_release(&f);
	free(mean);
	return out;
}

static void copy_map(float *out, const struct features *f, const double *map)
{
	for (size_t i = 0; i < 2 * f->n; i++)
		out[i] = map ? (float)map[i] : (float)f->x[i / 2 * (size_t)f->ld + i % 2];
}

double space_maps(float *pca, float *tsne, const float *raw, size_t n, int dim, double perplexity,
		  int n_steps)
{
	struct features f, axes;
	struct pca p;
	double divergence = 0, *mean = mean_of(raw, n, dim), *map;

	centre(&f, raw, n, dim, mean);
	free(mean);
	for (size_t i = 0; i < 2 * n; i++)
		pca[i] = tsne ? tsne[i] = 0 : 0;
	if (n < 4 || dim < 2 || is_constant(&f)) {
		scaler_features_release(&f);
		return 0;
	}

	pca_fit(&p, &f);
	pca_project(&p, &axes, &f, dim < AXES ? dim : AXES);
	copy_map(pca, &axes, NULL);
	if (tsne) {
		map = die_malloc(2 * n * sizeof *map);
		divergence = tsne_map(map, &axes, perplexity, n_steps);
		copy_map(tsne, &axes, map);
		free(map);
	}

	scaler_features_release(&axes);
	scaler_features_release(&f);
	pca_release(&p);
	return divergence;
}
