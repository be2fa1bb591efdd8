/* Terms of p: values and gradients by PyTorch, a naive sum in double for SIGReg, known values where
 * embeddings collapse, all instruction sets alike. */
#include "tests/unit/kernels_helper.h"

#include "model/sigreg.h"
#include "model/terms.h"

enum { MOST = 2048 };

static float add(const struct ops *o, const struct terms_weights *w, int n, int n_views, int d, float *dp,
		 const float *p, uint64_t step)
{
	struct terms *t = terms_new(o, w, n, n_views, d, 5);
	float *scratch = o->alloc(terms_scratch(w, n, n_views, d) * sizeof *scratch);
	assert_non_null(t);
	float loss = 0;
	terms_add(t, dp, &loss, p, step, scratch);
	o->release(scratch);
	terms_free(t);
	return loss;
}

/* ---- by PyTorch ---- */

enum { VICREG, DISTANCE, STATISTIC };

struct golden {
	int kind, n_views, n, d;
	double weight[3], loss, z[MOST], dz[MOST];
};

static bool read_golden(struct golden *g, FILE *f)
{
	if (fscanf(f, "%d %d %d %d", &g->kind, &g->n_views, &g->n, &g->d) != 4)
		return false;
	int size = g->n_views * g->n * g->d;
	assert_true(size > 0 && size <= MOST);
	for (int i = 0; i < 3; i++)
		assert_int_equal(fscanf(f, "%lf", &g->weight[i]), 1);
	assert_int_equal(fscanf(f, "%lf", &g->loss), 1);
	for (int i = 0; i < size; i++)
		assert_int_equal(fscanf(f, "%lf", &g->z[i]), 1);
	for (int i = 0; i < size; i++)
		assert_int_equal(fscanf(f, "%lf", &g->dz[i]), 1);
	return true;
}

static void check_golden(const struct golden *g, const struct ops *o)
{
	static float z[MOST], dz[MOST];
	size_t size = (size_t)(g->n_views * g->n * g->d);
	struct terms_weights w = {g->weight[0], g->weight[1], g->weight[2], 0, 0};
	float loss;

	memset(dz, 0, sizeof dz);
	for (size_t i = 0; i < size; i++)
		z[i] = (float)g->z[i];
	if (g->kind == STATISTIC)
		loss = (float)sigreg_statistic(dz, z, g->n, 1);
	else
		loss = add(o, &w, g->n, g->n_views, g->d, dz, z, 0);
	assert_near(&loss, &g->loss, 1, 2e-6, "loss");
	assert_near(dz, g->dz, size, 2e-6, "dz");
}

static void values_and_gradients_equal_pytorchs(void **state)
{
	static struct golden g;
	const struct ops *o;
	int n_cases = 0;
	(void)state;

	FILE *f = fopen("tests/golden/terms.txt", "r");
	if (!f)
		fail_msg("tests/golden/terms.txt: cannot open; run from the repository's root");
	for (; read_golden(&g, f); n_cases++)
		for (int k = 0; (o = table(k)); k++)
			check_golden(&g, o);
	fclose(f);
	assert_int_equal(n_cases, 11);
}

/* ---- all terms together ---- */

struct naive {
	struct terms_weights w;
	int n, n_views, d;
	uint64_t step;
	double *p;
};

/* Knots and their weights are part of the definition. */
static double naive_statistic(const double *x, int n)
{
	double sum = 0;
	for (int k = 0; k <= 16; k++) {
		double t = 3.0 * k / 16, normal = exp(-t * t / 2), c = 0, s = 0;
		for (int i = 0; i < n; i++) {
			c += cos(t * x[i]) / n;
			s += sin(t * x[i]) / n;
		}
		sum += (k % 16 ? 2 : 1) * 3.0 / 16 * normal * ((c - normal) * (c - normal) + s * s);
	}
	return n * sum;
}

static double naive_sigreg(const struct naive *f)
{
	size_t n_directions = (size_t)f->w.slices * (size_t)f->d;
	float *a = zeros(n_directions);
	double *x = die_calloc((size_t)f->n, sizeof *x), sum = 0;
	sigreg_directions(a, f->d, f->w.slices, 5, f->step);
	for (int k = 0; k < f->w.slices; k++)
		for (int v = 0; v < f->n_views; v++) {
			for (int i = 0; i < f->n; i++) {
				x[i] = 0;
				for (int j = 0; j < f->d; j++)
					x[i] += (double)a[k * f->d + j] * f->p[(v * f->n + i) * f->d + j];
			}
			sum += naive_statistic(x, f->n);
		}
	free(a);
	free(x);
	return sum / (f->w.slices * f->n_views);
}

static double naive_pairs(const struct naive *f)
{
	double sum = 0;
	size_t size = (size_t)(f->n * f->d);
	for (int v = 0; v < f->n_views; v++)
		for (int u = 0; u < v; u++)
			for (size_t i = 0; i < size; i++) {
				double by = f->p[(size_t)v * size + i] - f->p[(size_t)u * size + i];
				sum += by * by;
			}
	return sum / (double)size / (f->n_views * (f->n_views - 1) / 2.0);
}

static double naive_covariance(const struct naive *f, int view, int a, int b)
{
	const double *z = f->p + view * f->n * f->d;
	double of_a = 0, of_b = 0, sum = 0;
	for (int i = 0; i < f->n; i++) {
		of_a += z[i * f->d + a] / f->n;
		of_b += z[i * f->d + b] / f->n;
	}
	for (int i = 0; i < f->n; i++)
		sum += (z[i * f->d + a] - of_a) * (z[i * f->d + b] - of_b);
	return sum / (f->n - 1);
}

static double naive_loss(void *context)
{
	const struct naive *f = context;
	double variance = 0, covariance = 0;
	for (int v = 0; v < f->n_views; v++)
		for (int a = 0; a < f->d; a++)
			for (int b = 0; b < f->d; b++) {
				double c = naive_covariance(f, v, a, b);
				if (a != b)
					covariance += c * c;
				else
					variance += fmax(0, 1 - sqrt(c + 1e-4));
			}
	return f->w.invariance * naive_pairs(f) + f->w.variance * variance / (f->n_views * f->d) +
	       f->w.covariance * 2 * covariance / (f->n_views * f->d) + f->w.sigreg * naive_sigreg(f);
}

static void all_terms_equal_the_naive_sum_and_are_added(void **state)
{
	static const struct naive cases[] = {{{1, 1, 0.5, 0.3, 7}, 6, 2, 5, 3, NULL},
					     {{2, 0, 0, 1, 20}, 33, 3, 17, 0, NULL},
					     {{0, 3, 1, 0.02, 3}, 8, 4, 4, 9, NULL}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct naive f = cases[i];
		size_t size = (size_t)(f.n_views * f.n * f.d);
		float *p = numbers(size, i, 0.7), *dp = zeros(size), *first = zeros(size), first_loss = 0;
		f.p = doubles_of(p, size);
		double expected = naive_loss(&f);
		const struct ops *o;
		for (int k = 0; (o = table(k)); k++) {
			for (size_t j = 0; j < size; j++)
				dp[j] = 0;
			float loss = add(o, &f.w, f.n, f.n_views, f.d, dp, p, f.step);
			assert_near(&loss, &expected, 1, 1e-5, "loss");
			if (k == 0) {
				assert_gradient(naive_loss, &f, f.p, size, dp, 2e-4, "p");
				memcpy(first, dp, size * sizeof *dp);
				first_loss = loss;
			}
			assert_same_bits(dp, first, size, o->name, "dp");
			assert_same_bits(&loss, &first_loss, 1, o->name, "loss");
			add(o, &f.w, f.n, f.n_views, f.d, dp, p, f.step);
			for (size_t j = 0; j < size; j++)
				assert_true(fabsf(dp[j] - 2 * first[j]) <= 1e-5f * (1 + fabsf(first[j])));
		}
		free(p);
		free(dp);
		free(first);
		free(f.p);
	}
}

/* ---- known values ---- */

static void where_all_is_zeros_the_loss_is_the_collapsed_one(void **state)
{
	enum { N = 12, D = 8 };
	const struct terms_weights cases[] = {{25, 25, 1, 0, 0}, {0.2, 0, 0, 0.02, 16}, {1, 2, 3, 4, 5}};
	const struct ops *o;
	(void)state;
	for (int i = 0; i < 3; i++)
		for (int k = 0; (o = table(k)); k++) {
			float p[2 * N * D] = {0}, dp[2 * N * D] = {0}, loss;
			double expected = terms_collapsed(&cases[i], N);
			loss = add(o, &cases[i], N, 2, D, dp, p, 0);
			assert_near(&loss, &expected, 1, 1e-6, "loss");
		}
	assert_true(fabs(terms_collapsed(&cases[0], N) - 24.75) < 1e-9);
}

/* A sample of the normal distribution is near it, one twice as wide is not. */
static void normal_numbers_have_a_small_statistic(void **state)
{
	enum { N = 4000 };
	float *x = numbers(N, 1, 1), *wide = numbers(N, 1, 2), *dx = zeros(N);
	(void)state;
	assert_true(sigreg_statistic(dx, x, N, 1) < 3);
	assert_true(sigreg_statistic(dx, wide, N, 1) > 100);
	assert_true(sigreg_collapsed(N) > 100);
	free(x);
	free(wide);
	free(dx);
}

static void directions_are_units_of_their_own_each_step(void **state)
{
	enum { D = 9, SLICES = 40 };
	float a[SLICES * D], b[SLICES * D];
	(void)state;
	sigreg_directions(a, D, SLICES, 5, 3);
	for (int k = 0; k < SLICES; k++) {
		double square = 0;
		for (int j = 0; j < D; j++)
			square += (double)a[k * D + j] * (double)a[k * D + j];
		assert_true(fabs(square - 1) < 1e-6);
		assert_true(k == 0 || memcmp(a, a + k * D, D * sizeof *a) != 0);
	}
	sigreg_directions(b, D, SLICES, 5, 4);
	assert_memory_not_equal(a, b, sizeof a);
	sigreg_directions(b, D, SLICES / 2, 5, 3);
	assert_memory_equal(a, b, sizeof a / 2);
}

static void what_is_not_finite_gives_a_loss_that_is_not(void **state)
{
	enum { N = 6, D = 4 };
	static const struct terms_weights weights[] = {
		{1, 0, 0, 0, 0}, {0, 1, 0, 0, 0}, {0, 0, 1, 0, 0}, {0, 0, 0, 1, 8}};
	static const float bad[] = {NAN, INFINITY};
	const struct ops *o;
	(void)state;
	for (int i = 0; i < 4; i++)
		for (int b = 0; b < 2; b++)
			for (int k = 0; (o = table(k)); k++) {
				float *p = numbers(2 * N * D, 1, 1), dp[2 * N * D] = {0};
				p[7] = bad[b];
				assert_false(isfinite(add(o, &weights[i], N, 2, D, dp, p, 0)));
				free(p);
			}
}

static void without_weights_there_are_no_terms(void **state)
{
	const struct terms_weights none = {0};
	(void)state;
	assert_null(terms_new(ops_cpu(), &none, 4, 2, 8, 1));
	assert_int_equal(terms_scratch(&none, 4, 2, 8), 0);
	assert_true(terms_collapsed(&none, 4) == 0);
	terms_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_and_gradients_equal_pytorchs),
		cmocka_unit_test(all_terms_equal_the_naive_sum_and_are_added),
		cmocka_unit_test(where_all_is_zeros_the_loss_is_the_collapsed_one),
		cmocka_unit_test(normal_numbers_have_a_small_statistic),
		cmocka_unit_test(directions_are_units_of_their_own_each_step),
		cmocka_unit_test(what_is_not_finite_gives_a_loss_that_is_not),
		cmocka_unit_test(without_weights_there_are_no_terms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
