#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "numbers/philox.h"
#include "statistics/eigen.h"
#include "statistics/pca.h"

/* A symmetric n x n matrix of the given rank. */
static double *symmetric(int n, int rank)
{
	double *a = calloc((size_t)n * (size_t)n, sizeof *a), *z = malloc((size_t)n * sizeof *z);
	struct philox r = philox_open(3, PURPOSE_NOISE, (uint64_t)n, (uint32_t)rank);
	for (int k = 0; k < rank; k++) {
		for (int i = 0; i < n; i++)
			z[i] = philox_normal(&r);
		for (int i = 0; i < n * n; i++)
			a[i] += (k % 3 ? 1 : -1) * z[i / n] * z[i % n];
	}
	free(z);
	return a;
}

static void eigenvectors_are_orthonormal_and_rebuild_the_matrix(void **state)
{
	(void)state;
	static const int sizes[][2] = {{1, 1}, {2, 2}, {3, 1}, {5, 0}, {13, 13}, {40, 7}, {97, 97}};
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		int n = sizes[s][0];
		double *a = symmetric(n, sizes[s][1]), *kept = symmetric(n, sizes[s][1]);
		double *values = malloc((size_t)n * sizeof *values), *v = malloc((size_t)(n * n) * sizeof *v);
		eigen_symmetric(values, v, a, n);
		double size = fmax(fabs(values[0]), fabs(values[n - 1])) + 1;
		for (int i = 0; i < n; i++) {
			assert_true(!i || values[i] <= values[i - 1]);
			for (int j = 0; j < n; j++) {
				double rebuilt = 0, product = 0;
				for (int k = 0; k < n; k++) {
					rebuilt += v[k * n + i] * values[k] * v[k * n + j];
					product += v[i * n + k] * v[j * n + k];
				}
				assert_true(fabs(rebuilt - kept[i * n + j]) < 1e-13 * n * size);
				assert_true(fabs(product - (i == j)) < 1e-13 * n);
			}
		}
		free(v);
		free(values);
		free(a);
		free(kept);
	}
}

static void known_eigenvalues_come_out(void **state)
{
	(void)state;
	double a[] = {2, -1, 0, -1, 2, -1, 0, -1, 2}, values[3], v[9]; /* 2 - 2 cos(k pi / 4) */
	eigen_symmetric(values, v, a, 3);
	assert_true(fabs(values[0] - (2 + sqrt(2))) < 1e-14 && fabs(values[1] - 2) < 1e-14);
	assert_true(fabs(values[2] - (2 - sqrt(2))) < 1e-14);
	assert_true(fabs(v[6] - .5) < 1e-14 && fabs(v[7] - sqrt(.5)) < 1e-14 && fabs(v[8] - .5) < 1e-14);
}

static void projection_decorrelates_and_keeps_distances(void **state)
{
	(void)state;
	enum { N = 70, D = 11 };
	struct features f, turned, map;
	struct philox r = philox_open(6, PURPOSE_NOISE, 0, 0);
	scaler_features_init(&f, N, D);

	for (int i = 0; i < N; i++) {
		double common = philox_normal(&r);
		for (int k = 0; k < D; k++)
			f.x[i * f.ld + k] = philox_normal(&r) + common * k;
	}

	struct pca p;
	pca_fit(&p, &f);
	pca_project(&p, &turned, &f, D);
	pca_project(&p, &map, &f, 2);

	for (int a = 0; a < D; a++)
		for (int b = 0; b < D; b++) {
			double sum = 0;
			for (int i = 0; i < N; i++)
				sum += turned.x[i * turned.ld + a] * turned.x[i * turned.ld + b] / N;
			assert_true(fabs(sum - (a == b ? p.variance[a] : 0)) < 1e-10);
		}

	for (int i = 1; i < N; i++) {
		double before = 0, after = 0;
		for (int k = 0; k < D; k++) {
			before += pow(f.x[i * f.ld + k] - f.x[k], 2);
			after += pow(turned.x[i * turned.ld + k] - turned.x[k], 2);
		}
		assert_true(fabs(before - after) < 1e-10 * before);
		assert_true(map.x[i * map.ld] == turned.x[i * turned.ld] && map.x[i * map.ld + 2] == 0);
	}

	double back[16] = {0};
	pca_unrotate(&p, back, turned.x + 3 * turned.ld);
	for (int k = 0; k < D; k++)
		assert_true(fabs(back[k] - f.x[3 * f.ld + k]) < 1e-10);
	scaler_features_release(&f);
	scaler_features_release(&turned);
	scaler_features_release(&map);
	pca_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eigenvectors_are_orthonormal_and_rebuild_the_matrix),
		cmocka_unit_test(known_eigenvalues_come_out),
		cmocka_unit_test(projection_decorrelates_and_keeps_distances),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
