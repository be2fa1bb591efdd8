#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/file.h"
#include "common/json.h"
#include "numbers/philox.h"
#include "statistics/logistic.h"
#include "statistics/pca.h"

/* The inputs of tests/golden/logistic.json, not standardized, so that the objective can be compared. */
struct golden {
	json_t *json;
	struct features f;
	uint8_t *truth[2]; /* one class per record; any number */
	int n_classes;
};

static const char *const names[] = {"single", "multi"}, *const results[] = {"multinomial", "one_vs_rest"};

static double at(const json_t *rows, size_t i, size_t j)
{
	return json_number_value(json_array_get(json_array_get(rows, i), j));
}

static void golden_read(struct golden *g)
{
	char *text;
	size_t n_bytes;
	struct error e = {0};

	if (file_read(&text, &n_bytes, "tests/golden/logistic.json", 1 << 20, &e) < 0)
		fail_msg("%s", error_text(&e));
	g->json = json_read(text, n_bytes, "logistic.json", &e);
	free(text);
	if (!g->json)
		fail_msg("%s", error_text(&e));

	const json_t *x = json_object_get(g->json, "x");
	size_t n = json_array_size(x), d = json_array_size(json_array_get(x, 0));
	scaler_features_init(&g->f, n, (int)d);
	for (size_t i = 0; i < n * d; i++)
		g->f.x[i / d * (size_t)g->f.ld + i % d] = at(x, i / d, i % d);

	for (int k = 0; k < 2; k++) {
		const json_t *t = json_object_get(g->json, names[k]);
		g->n_classes = (int)json_array_size(json_array_get(t, 0));
		size_t c = (size_t)g->n_classes;
		g->truth[k] = malloc(n * c);
		for (size_t i = 0; i < n * c; i++)
			g->truth[k][i] = at(t, i / c, i % c) == 1;
	}
}

static void golden_release(struct golden *g)
{
	json_decref(g->json);
	scaler_features_release(&g->f);
	free(g->truth[0]);
	free(g->truth[1]);
}

static void optimum_is_scikit_learns(void **state)
{
	(void)state;
	struct golden g;
	golden_read(&g);

	for (int k = 0; k < 2; k++) {
		const json_t *all = json_object_get(g.json, results[k]), *one;
		struct logistic_problem p = {&g.f, g.truth[k], g.n_classes, .is_multi = k == 1};
		struct logistic m;
		size_t i;
		logistic_init(&m, &p);
		json_array_foreach (all, i, one) {
			p.c = json_number_value(json_object_get(one, "c"));
			struct lbfgs_result r = logistic_fit(&m, &p, 1e-9);
			double want = json_number_value(json_object_get(one, "objective"));
			assert_true(r.is_converged);
			if (!(fabs(r.objective - want) <= 1e-8 * want))
				fail_msg("%s C=%g: %.12g, expected %.12g", results[k], p.c, r.objective,
					 want);
			float *q = malloc(g.f.n * (size_t)g.n_classes * sizeof *q);
			logistic_predict(&m, q, &g.f);
			for (size_t j = 0; j < 5 * (size_t)g.n_classes; j++) {
				size_t c = (size_t)g.n_classes;
				double wanted = at(json_object_get(one, "probability"), j / c, j % c);
				if (!(fabs((double)q[j] - wanted) < 1e-3))
					fail_msg("%s C=%g probability %zu: %g, expected %g", results[k], p.c,
						 j, (double)q[j], wanted);
			}
			free(q);
		}
		logistic_release(&m);
	}

	golden_release(&g);
}

static void rotation_into_principal_axes_keeps_the_optimum(void **state)
{
	(void)state;
	struct golden g;
	golden_read(&g);
	struct pca pca;
	struct features turned;
	pca_fit(&pca, &g.f);
	pca_project(&pca, &turned, &g.f, g.f.d);

	for (int k = 0; k < 2; k++) {
		struct logistic_problem plain = {&g.f, g.truth[k], g.n_classes, .is_multi = k == 1, .c = 1};
		struct logistic_problem rotated = plain;
		rotated.features = &turned;
		struct logistic a, b;
		logistic_init(&a, &plain);
		logistic_init(&b, &rotated);
		struct lbfgs_result r = logistic_fit(&a, &plain, 1e-10),
				    q = logistic_fit(&b, &rotated, 1e-10);
		assert_true(fabs(r.objective - q.objective) < 1e-8 * r.objective);
		double *w = calloc((size_t)g.f.ld, sizeof *w);
		pca_unrotate(&pca, w, logistic_weight(&b, 1));
		for (int j = 0; j < g.f.d; j++)
			assert_true(fabs(w[j] - logistic_weight(&a, 1)[j]) < 1e-4);
		free(w);
		logistic_release(&a);
		logistic_release(&b);
	}

	scaler_features_release(&turned);
	pca_release(&pca);
	golden_release(&g);
}

static void gradient_is_the_finite_difference(void **state)
{
	(void)state;
	struct golden g;
	golden_read(&g);

	for (int k = 0; k < 2; k++) {
		struct logistic_problem p = {&g.f, g.truth[k], g.n_classes, .is_multi = k == 1, .c = .3};
		struct logistic m;
		logistic_init(&m, &p);
		size_t n = (size_t)m.n_classes * ((size_t)m.ld + 1);
		struct philox random = philox_open(5, PURPOSE_INIT, 0, 0);
		for (size_t i = 0; i < n; i++)
			if (i / (size_t)m.ld >= (size_t)m.n_classes || i % (size_t)m.ld < (size_t)m.d)
				m.parameters[i] = .2 * philox_normal(&random);
		double *gradient = malloc(n * sizeof *gradient), *other = malloc(n * sizeof *other);
		logistic_objective(&m, &p, gradient);
		for (size_t i = 0; i < n; i++) {
			if (i / (size_t)m.ld < (size_t)m.n_classes && i % (size_t)m.ld >= (size_t)m.d) {
				assert_true(gradient[i] == 0); /* padding */
				continue;
			}
			double kept = m.parameters[i], h = 1e-5;
			m.parameters[i] = kept + h;
			double above = logistic_objective(&m, &p, other);
			m.parameters[i] = kept - h;
			double below = logistic_objective(&m, &p, other), slope = (above - below) / (2 * h);
			m.parameters[i] = kept;
			if (!(fabs(slope - gradient[i]) < 1e-6 * (1 + fabs(slope))))
				fail_msg("parameter %zu: %.9g, difference %.9g", i, gradient[i], slope);
		}
		free(gradient);
		free(other);
		logistic_release(&m);
	}

	golden_release(&g);
}

/* Two clusters of well separated records, third feature constant (0 after standardization). */
static void separated(struct features *f, uint8_t *truth, int n, int n_classes, int n_present)
{
	scaler_features_init(f, (size_t)n, 3);
	memset(truth, 0, (size_t)n * (size_t)n_classes);
	for (int i = 0; i < n; i++) {
		int c = i % n_present;
		f->x[i * f->ld] = c == 0 ? -1 - i % 3 * .1 : 1 + i % 5 * .1;
		f->x[i * f->ld + 1] = c == 1 ? 2 : -1;
		truth[i * n_classes + c] = 1;
	}
}

static void separable_records_give_finite_weights_and_the_right_classes(void **state)
{
	(void)state;
	struct features f;
	uint8_t truth[60];

	for (int is_multi = 0; is_multi < 2; is_multi++) {
		separated(&f, truth, 20, 3, 3);
		struct logistic_problem p = {&f, truth, 3, is_multi, .c = 1e6};
		struct logistic m;
		float q[60];
		logistic_init(&m, &p);
		assert_true(logistic_fit(&m, &p, 1e-7).is_converged);
		logistic_predict(&m, q, &f);
		for (int i = 0; i < 60; i++)
			assert_true(isfinite(q[i]) && (truth[i] ? q[i] > .9f : q[i] < .1f));
		for (int c = 0; c < 3; c++)
			assert_true(logistic_weight(&m, c)[2] == 0 && isfinite(logistic_bias(&m, c)));
		logistic_release(&m);
		scaler_features_release(&f);
	}
}

static void a_class_nobody_has_gets_probability_zero(void **state)
{
	(void)state;
	struct features f;
	uint8_t truth[60];

	for (int is_multi = 0; is_multi < 2; is_multi++)
		for (int n_present = 1; n_present <= 2; n_present++) {
			separated(&f, truth, 20, 3, n_present);
			struct logistic_problem p = {&f, truth, 3, is_multi, .c = 1};
			struct logistic m;
			float q[60];
			logistic_init(&m, &p);
			assert_true(logistic_fit(&m, &p, 1e-7).is_converged);
			logistic_predict(&m, q, &f);
			for (int i = 0; i < 20; i++) {
				assert_true(q[i * 3 + 2] == 0 && isfinite(q[i * 3]));
				if (n_present == 1)
					assert_true(q[i * 3] == 1 && q[i * 3 + 1] == 0);
			}
			logistic_release(&m);
			scaler_features_release(&f);
		}
}

static void one_record_per_class_can_be_fitted(void **state)
{
	(void)state;
	struct features f;
	uint8_t truth[9];
	separated(&f, truth, 3, 3, 3);
	struct logistic_problem p = {&f, truth, 3, .c = .1};
	struct logistic m;
	logistic_init(&m, &p);
	assert_true(logistic_fit(&m, &p, 1e-9).is_converged);
	float q[9];
	logistic_predict(&m, q, &f);
	for (int i = 0; i < 3; i++)
		assert_true(fabsf(q[3 * i] + q[3 * i + 1] + q[3 * i + 2] - 1) < 1e-6f && q[4 * i] > .3f);
	logistic_release(&m);
	scaler_features_release(&f);
}

static void a_constant_feature_becomes_zero(void **state)
{
	(void)state;
	const float raw[] = {.1f, 1, .1f, 2, .1f, 6};
	struct scaler s;
	struct features f;
	struct rows rows = rows_in_memory(raw, 3, 2);
	scaler_fit(&s, &rows);
	scaler_features_init(&f, 3, 2);
	scaler_apply(&s, &f, &rows, 0);
	for (int i = 0; i < 3; i++)
		assert_true(f.x[i * f.ld] == 0);
	assert_true(fabs(f.x[1] + 2 / sqrt(14. / 3)) < 1e-12 &&
		    fabs(f.x[2 * f.ld + 1] - 3 / sqrt(14. / 3)) < 1e-12);
	scaler_features_release(&f);
	scaler_release(&s);
}

static uint64_t add_bits(uint64_t hash, const double *x, size_t n)
{
	const unsigned char *bytes = (const unsigned char *)x;
	for (size_t i = 0; i < n * sizeof *x; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3u;
	return hash;
}

/* FNV-1a over the bits of a fit of 1,000 records, 37 features, 5 classes, both modes, with rotation. */
static uint64_t fit_bits(void)
{
	enum { N = 1000, D = 37, C = 5 };
	static float raw[N * D];
	static uint8_t truth[N * C];
	struct philox random = philox_open(3, PURPOSE_NOISE, 0, 0);

	for (int i = 0; i < N; i++) {
		int c = (int)philox_below(&random, C);
		truth[i * C + c] = 1;
		for (int k = 0; k < D; k++)
			raw[i * D + k] = (float)(philox_normal(&random) + (k % C == c ? .5 : 0));
	}

	struct scaler s;
	struct features turned;
	struct pca pca;
	struct rows rows = rows_in_memory(raw, N, D);
	scaler_fit(&s, &rows);
	pca_fit_rows(&pca, &s, &rows);
	pca_project_rows(&pca, &turned, &s, &rows);

	uint64_t hash = 0xcbf29ce484222325u;
	for (int is_multi = 0; is_multi < 2; is_multi++) {
		struct logistic_problem p = {&turned, truth, C, is_multi, .c = 0};
		struct logistic m;
		logistic_init(&m, &p);
		for (p.c = 1e-3; p.c < 20; p.c *= 10)
			logistic_fit(&m, &p, 1e-7);
		hash = add_bits(hash, m.parameters, (size_t)C * ((size_t)m.ld + 1));
		logistic_release(&m);
	}

	scaler_features_release(&turned);
	pca_release(&pca);
	scaler_release(&s);

	return hash;
}

/* 2,188 chunks, so several groups, the last of them ragged. The bits are those of one tree whose sums were
 * all held at once. */
static void groups_of_chunks_change_no_bit(void **state)
{
	(void)state;
	enum { N = 140001, D = 2, LD = 8, C = 3, PARAMETERS = C * (LD + 1) };
	struct features f;
	uint8_t *truth = calloc(N, C);
	double gradient[PARAMETERS];
	struct philox random = philox_open(4, PURPOSE_NOISE, 0, 0);
	scaler_features_init(&f, N, D);
	assert_int_equal(f.ld, LD);
	for (int i = 0; i < N; i++) {
		int c = (int)philox_below(&random, C);
		truth[i * C + c] = 1;
		for (int k = 0; k < D; k++)
			f.x[i * LD + k] = philox_normal(&random) + (k == c);
	}

	uint64_t hash = 0xcbf29ce484222325u;
	for (int is_multi = 0; is_multi < 2; is_multi++) {
		struct logistic_problem p = {&f, truth, C, is_multi, .c = .01};
		struct logistic m;
		logistic_init(&m, &p);
		for (int k = 0; k < PARAMETERS; k++)
			m.parameters[k] = k % LD < D || k >= C * LD ? (k - 9) * .1 : 0;
		logistic_objective(&m, &p, gradient);
		hash = add_bits(hash, gradient, PARAMETERS);
		logistic_release(&m);
	}
	assert_true(hash == 0xc7be255f1f4b6036);
	scaler_features_release(&f);
	free(truth);
}

/* Changes only with the algorithm; never with threads, compiler or machine. */
static const uint64_t FIT_BITS = 0x06d68a82cb2e1d91;

static void the_fit_has_these_bits_whatever_the_threads(void **state)
{
	(void)state;
	for (int threads = 1; threads <= 4; threads *= 2) {
		char command[256], self[160] = {0}, line[64] = ""; /* /proc/PID/exe would be valgrind */
		assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
		snprintf(command, sizeof command, "EINTHOVEN_THREADS=%d '%s' bits", threads, self);
		FILE *f = popen(command, "r");
		assert_non_null(f);
		assert_non_null(fgets(line, sizeof line, f));
		assert_int_equal(pclose(f), 0);
		if (strtoull(line, NULL, 16) != FIT_BITS)
			fail_msg("%d threads: %s", threads, line);
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "bits"))
		return printf("%016llx\n", (unsigned long long)fit_bits()) < 0;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(optimum_is_scikit_learns),
		cmocka_unit_test(rotation_into_principal_axes_keeps_the_optimum),
		cmocka_unit_test(gradient_is_the_finite_difference),
		cmocka_unit_test(separable_records_give_finite_weights_and_the_right_classes),
		cmocka_unit_test(a_class_nobody_has_gets_probability_zero),
		cmocka_unit_test(one_record_per_class_can_be_fitted),
		cmocka_unit_test(a_constant_feature_becomes_zero),
		cmocka_unit_test(groups_of_chunks_change_no_bit),
		cmocka_unit_test(the_fit_has_these_bits_whatever_the_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
