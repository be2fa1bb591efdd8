/* Similarity to exemplars, against NumPy's (tests/golden/exemplars.py) and what its formula promises. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/file.h"
#include "common/json.h"
#include "numbers/dmath.h"
#include "numbers/philox.h"
#include "statistics/nystrom.h"

static double number(const json_t *rows, size_t i, size_t k)
{
	return json_number_value(json_array_get(json_array_get(rows, i), k));
}

static void embeddings_are_those_of_numpy(void **state)
{
	(void)state;
	char *text;
	size_t n_bytes;
	struct error e = {0};
	assert_int_equal(file_read(&text, &n_bytes, "tests/golden/exemplars.json", 1 << 20, &e), 0);
	json_t *json = json_read(text, n_bytes, "exemplars.json", &e);
	assert_non_null(json);
	const json_t *features = json_object_get(json, "features"), *expected = json_object_get(json, "h");
	size_t n = json_array_size(features), dim = json_array_size(json_array_get(features, 0)),
	       n_learned = (size_t)json_integer_value(json_object_get(json, "learned"));
	float *f = malloc(n * dim * sizeof *f), *h = malloc(n_learned * sizeof *h);
	struct nystrom map;

	for (size_t i = 0; i < n * dim; i++)
		f[i] = (float)number(features, i / dim, i % dim);
	nystrom_init(&map, (int)n_learned, (int)dim);
	nystrom_learn(&map, f, .5, NULL, NULL);
	assert_float_equal(map.bandwidth, json_number_value(json_object_get(json, "bandwidth")), 1e-4f);
	for (size_t i = 0; i < n; i++) {
		nystrom_map(&map, h, f + i * dim);
		for (size_t k = 0; k < n_learned; k++)
			assert_float_equal(h[k], number(expected, i, k), 2e-6f);
	}

	nystrom_release(&map);
	free(f);
	free(h);
	free(text);
	json_decref(json);
}

static float *drawn(int n, int dim)
{
	float *f = malloc((size_t)(n * dim) * sizeof *f);
	struct philox r = philox_open(6, PURPOSE_NOISE, (uint64_t)n, (uint32_t)dim);
	for (int i = 0; i < n * dim; i++)
		f[i] = (float)(philox_normal(&r) * (i % dim + 1) - i % dim);
	return f;
}

/* <h(u), h(v)> = k(u, v) for exemplars, whose kernel has no small eigenvalue here. */
static void products_of_embeddings_are_the_kernel(void **state)
{
	static const int sizes[][2] = {{2, 1}, {3, 5}, {17, 23}, {40, 9}};
	(void)state;
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		int n = sizes[s][0], dim = sizes[s][1];
		float *f = drawn(n, dim), *h = malloc((size_t)(n * n) * sizeof *h);
		struct nystrom map;
		nystrom_init(&map, n, dim);
		nystrom_learn(&map, f, .05, NULL, NULL);
		for (int i = 0; i < n; i++)
			nystrom_map(&map, h + i * n, f + i * dim);

		for (int i = 0; i < n; i++)
			for (int j = 0; j < n; j++) {
				double product = 0, distance = 0;
				for (int k = 0; k < n; k++)
					product += (double)h[i * n + k] * (double)h[j * n + k];
				for (int k = 0; k < dim; k++) {
					double d = (double)(map.exemplar[i * dim + k] -
							    map.exemplar[j * dim + k]);
					distance += d * d;
				}
				assert_true(fabs(product - dmath_exp(-distance / (double)map.bandwidth)) <
					    1e-5);
			}
		nystrom_release(&map);
		free(f);
		free(h);
	}
}

static void a_number_that_does_not_vary_and_equal_records_stay_finite(void **state)
{
	enum { N = 4, DIM = 3 };
	(void)state;
	float f[N * DIM], h[N];
	struct nystrom map;
	for (int i = 0; i < N * DIM; i++)
		f[i] = 7;
	nystrom_init(&map, N, DIM);
	nystrom_learn(&map, f, .5, NULL, NULL);
	nystrom_map(&map, h, f);
	for (int i = 0; i < N; i++)
		assert_true(isfinite(h[i]) && fabsf(h[i] - h[0]) < 1e-6f);
	nystrom_release(&map);
}

/* What was the same in all exemplars says nothing of a record in which it is not. */
static void a_number_that_did_not_vary_plays_no_part(void **state)
{
	enum { N = 6, DIM = 4 };
	(void)state;
	float *f = drawn(N, DIM), as_was[N], other[N];
	struct nystrom map;
	for (int i = 0; i < N; i++)
		f[i * DIM + 2] = .25f;
	nystrom_init(&map, N, DIM);
	nystrom_learn(&map, f, .5, NULL, NULL);
	nystrom_map(&map, as_was, f);
	f[2] = 1;
	nystrom_map(&map, other, f);
	for (int i = 0; i < N; i++)
		assert_true(other[i] == as_was[i]);
	assert_true(as_was[0] != 0);
	nystrom_release(&map);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(embeddings_are_those_of_numpy),
		cmocka_unit_test(products_of_embeddings_are_the_kernel),
		cmocka_unit_test(a_number_that_does_not_vary_and_equal_records_stay_finite),
		cmocka_unit_test(a_number_that_did_not_vary_plays_no_part)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
