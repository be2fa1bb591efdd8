/* Measures of an embedding space against scikit-learn's: geometry, knn, clustering, kmeans,
 * agreement, hopkins. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/file.h"
#include "common/json.h"
#include "numbers/philox.h"
#include "statistics/agreement.h"
#include "statistics/clustering.h"
#include "statistics/geometry.h"
#include "statistics/hopkins.h"
#include "statistics/kmeans.h"
#include "statistics/knn.h"

enum { LABELS = 6 }; /* 0..4 in use */

struct golden {
	json_t *json;
	struct features f, unit;
	int *truth, *other;
};

static int setup(void **state)
{
	struct golden *g = calloc(1, sizeof *g);
	char *text;
	size_t n_bytes;
	struct error e = {0};

	if (file_read(&text, &n_bytes, "tests/golden/space.json", 1 << 20, &e) < 0)
		return -1;
	g->json = json_read(text, n_bytes, "space.json", &e);
	free(text);

	const json_t *x = json_object_get(g->json, "x");
	size_t n = json_array_size(x), d = json_array_size(json_array_get(x, 0));
	scaler_features_init(&g->f, n, (int)d);
	g->truth = malloc(n * sizeof *g->truth);
	g->other = malloc(n * sizeof *g->other);

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < d; k++)
			g->f.x[i * (size_t)g->f.ld + k] =
				json_number_value(json_array_get(json_array_get(x, i), k));
		g->truth[i] = (int)json_integer_value(json_array_get(json_object_get(g->json, "truth"), i));
		g->other[i] = (int)json_integer_value(json_array_get(json_object_get(g->json, "other"), i));
	}

	geometry_normalize(&g->unit, &g->f);
	*state = g;
	return 0;
}

static int teardown(void **state)
{
	struct golden *g = *state;
	json_decref(g->json);
	scaler_features_release(&g->f);
	scaler_features_release(&g->unit);
	free(g->truth);
	free(g->other);
	free(g);
	return 0;
}

static void near_number(double got, const json_t *want, const char *name)
{
	double w = json_number_value(want);
	if (!json_is_number(want) || !(fabs(got - w) <= 1e-9 * fmax(1, fabs(w))))
		fail_msg("%s: %.12g, expected %.12g", name, got, w);
}

static void near(double got, const struct golden *g, const char *name)
{
	near_number(got, json_object_get(g->json, name), name);
}

/* Rows first..first+n-1 of f, borrowed. */
static struct features rows(const struct features *f, size_t first, size_t n)
{
	return (struct features){n, f->d, f->ld, f->x + first * (size_t)f->ld};
}

static void alignment_and_uniformity_equal_numpys(void **state)
{
	const struct golden *g = *state;
	size_t half = g->f.n / 2;
	struct features a = rows(&g->unit, 0, half), b = rows(&g->unit, half, half),
			one = rows(&g->unit, 0, 1);
	near(geometry_alignment(&a, &b), g, "alignment");
	near(geometry_uniformity(&g->unit), g, "uniformity");
	assert_true(geometry_alignment(&a, &a) == 0);
	assert_true(isnan(geometry_uniformity(&one)));
}

static void neighbours_equal_scikit_learns(void **state)
{
	const struct golden *g = *state;
	size_t n_train = (size_t)json_integer_value(json_object_get(g->json, "n_train"));
	struct features train = rows(&g->unit, 0, n_train), test = rows(&g->unit, n_train, g->f.n - n_train);
	for (int k = 1; k <= 20; k = k == 1 ? 5 : k * 4) {
		char name[12];
		snprintf(name, sizeof name, "%d", k);
		near_number(knn_purity(&g->unit, g->truth, k),
			    json_object_get(json_object_get(g->json, "purity"), name), "purity");
		near_number(knn_accuracy(&train, g->truth, &test, g->truth + n_train, LABELS, k),
			    json_object_get(json_object_get(g->json, "accuracy"), name), "accuracy");
	}
	assert_true(isnan(knn_purity(&test, g->truth, (int)test.n)));
	assert_true(isnan(knn_accuracy(&test, g->truth, &train, g->truth, LABELS, (int)test.n + 1)));
}

static void equal_distances_take_the_lower_index(void **state)
{
	(void)state;
	struct features f;
	scaler_features_init(&f, 5, 1);
	for (int i = 0; i < 5; i++)
		f.x[i * f.ld] = i == 4 ? 1 : i % 2; /* 0 1 0 1 1 */
	uint32_t nearest[10];
	double squared[10];
	knn_find(nearest, squared, &f, &f, 2);
	static const uint32_t want[] = {2, 1, 3, 4, 0, 1, 1, 4, 1, 3};
	for (int i = 0; i < 10; i++)
		assert_int_equal(nearest[i], want[i]);
	assert_true(squared[0] == 0 && squared[1] == 1);
	scaler_features_release(&f);
}

static void cluster_indices_equal_scikit_learns(void **state)
{
	const struct golden *g = *state;
	near(clustering_silhouette(&g->f, g->truth, LABELS, false), g, "silhouette");
	near(clustering_silhouette(&g->unit, g->truth, LABELS, true), g, "silhouette_cosine");
	int *merged = malloc(g->f.n * sizeof *merged);
	for (size_t i = 0; i < g->f.n; i++)
		merged[i] = g->truth[i] < 3 ? g->truth[i] : 3;
	near(clustering_davies_bouldin(&g->f, merged, LABELS), g, "davies_bouldin");
	free(merged);
	near(clustering_calinski_harabasz(&g->f, g->truth, LABELS), g, "calinski_harabasz");
}

static void undefined_indices_are_nan_and_constant_points_finite(void **state)
{
	(void)state;
	struct features f;
	int one[6] = {0}, each[6] = {0, 1, 2, 3, 4, 5}, two[6] = {0, 0, 0, 2, 2, 2};
	scaler_features_init(&f, 6, 3);
	assert_true(isnan(clustering_silhouette(&f, one, 6, false)) &&
		    isnan(clustering_davies_bouldin(&f, each, 6)));
	assert_true(isnan(clustering_calinski_harabasz(&f, one, 6)));
	assert_true(clustering_silhouette(&f, two, 6, false) == 0 &&
		    clustering_davies_bouldin(&f, two, 6) == 0);
	assert_true(clustering_calinski_harabasz(&f, two, 6) == 1);
	scaler_features_release(&f);
}

static void agreement_equals_scikit_learns(void **state)
{
	const struct golden *g = *state;
	size_t n = g->f.n;
	int *half = malloc(n * sizeof *half), *zero = calloc(n, sizeof *zero);

	for (size_t i = 0; i < n; i++)
		half[i] = g->truth[i] / 2;
	near(agreement_ari(g->truth, LABELS, g->other, 3, n), g, "ari");
	near(agreement_nmi(g->truth, LABELS, g->other, 3, n), g, "nmi");
	near(agreement_ari(g->truth, LABELS, half, 3, n), g, "ari_self");
	near(agreement_nmi(g->truth, LABELS, half, 3, n), g, "nmi_self");
	assert_true(agreement_ari(g->truth, LABELS, g->truth, LABELS, n) == 1);
	assert_true(fabs(agreement_nmi(g->truth, LABELS, g->truth, LABELS, n) - 1) < 1e-12);
	assert_true(agreement_ari(zero, 1, zero, 1, n) == 1 && agreement_nmi(zero, 1, zero, 1, n) == 1);
	assert_true(agreement_ari(zero, 1, half, 3, n) == 0 && agreement_nmi(zero, 1, half, 3, n) == 0);
	assert_true(isnan(agreement_ari(zero, 1, zero, 1, 0)));
	free(half);
	free(zero);
}

static void kmeans_is_no_worse_than_scikit_learns(void **state)
{
	const struct golden *g = *state;
	size_t n = g->f.n;
	int *label = malloc(n * sizeof *label), *again = malloc(n * sizeof *again);
	double inertia = kmeans_fit(label, &g->f, 5, 20, 1);
	double want = json_number_value(json_object_get(g->json, "inertia"));
	assert_true(inertia <= 1.01 * want && inertia >= .999 * want);
	assert_true(kmeans_fit(again, &g->f, 5, 20, 1) == inertia);
	assert_memory_equal(label, again, n * sizeof *label);
	assert_true(kmeans_fit(label, &g->f, (int)n, 2, 1) < 1e-20);
	struct features same = {n, 1, 8, calloc(8 * n, sizeof(double))};
	assert_true(kmeans_fit(label, &same, 4, 2, 1) == 0);
	free(same.x);
	free(label);
	free(again);
}

/* n rows: uniform in a cube, one Gaussian, or four far clusters. */
static void sample(struct features *f, size_t n, int d, int kind)
{
	struct philox r = philox_open(77, PURPOSE_NOISE, (uint64_t)kind, 0);
	scaler_features_init(f, n, d);
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < d; k++)
			f->x[i * (size_t)f->ld + (size_t)k] =
				kind == 0   ? philox_uniform(&r)
				: kind == 1 ? philox_normal(&r)
					    : philox_normal(&r) * .05 + (i >> k % 2 & 1 ? 1 : -1);
}

static void hopkins_tells_uniform_from_clustered_but_not_from_gaussian(void **state)
{
	(void)state;
	struct features uniform, gaussian, clusters, shadow;
	sample(&uniform, 400, 2, 0);
	sample(&gaussian, 400, 16, 1);
	sample(&clusters, 400, 2, 2);
	assert_true(fabs(hopkins_statistic(&uniform, 20, 1) - .5) < .06);
	assert_true(hopkins_statistic(&clusters, 20, 1) > .9);

	double h = hopkins_statistic(&gaussian, 20, 1);
	hopkins_gaussian(&shadow, &gaussian, 3);
	assert_true(h > .55 && fabs(h - hopkins_statistic(&shadow, 20, 1)) < .03);
	scaler_features_release(&shadow);
	hopkins_gaussian(&shadow, &clusters, 3);
	scaler_features_release(&shadow);
	memset(uniform.x, 0, uniform.n * (size_t)uniform.ld * sizeof *uniform.x);
	assert_true(isnan(hopkins_statistic(&uniform, 5, 1)));
	scaler_features_release(&uniform);
	scaler_features_release(&gaussian);
	scaler_features_release(&clusters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alignment_and_uniformity_equal_numpys),
		cmocka_unit_test(neighbours_equal_scikit_learns),
		cmocka_unit_test(equal_distances_take_the_lower_index),
		cmocka_unit_test(cluster_indices_equal_scikit_learns),
		cmocka_unit_test(undefined_indices_are_nan_and_constant_points_finite),
		cmocka_unit_test(agreement_equals_scikit_learns),
		cmocka_unit_test(kmeans_is_no_worse_than_scikit_learns),
		cmocka_unit_test(hopkins_tells_uniform_from_clustered_but_not_from_gaussian),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
