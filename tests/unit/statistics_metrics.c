#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "common/file.h"
#include "common/json.h"
#include "statistics/metrics.h"

static json_t *golden(void)
{
	char *text;
	size_t n;
	struct error e = {0};
	if (file_read(&text, &n, "tests/golden/metrics.json", 1 << 20, &e) < 0)
		fail_msg("%s", error_text(&e));
	json_t *v = json_read(text, n, "metrics.json", &e);
	if (!v)
		fail_msg("%s", error_text(&e));
	free(text);
	return v;
}

static double number(const json_t *of, const char *name)
{
	return json_number_value(json_object_get(of, name));
}

/* Within 1e-9 of scikit-learn's. */
#define assert_near(got, of, name)                                                                           \
	do {                                                                                                 \
		double want = number(of, name);                                                              \
		if (!(fabs((got)-want) <= 1e-9))                                                             \
			fail_msg("%s: %.12g, expected %.12g", name, (double)(got), want);                    \
	} while (0)

struct problem {
	struct metrics_input in;
	float *probability;
	uint8_t *truth;
	double *weight;
};

static void problem_read(struct problem *p, const json_t *c)
{
	const json_t *rows = json_object_get(c, "probability"), *truth = json_object_get(c, "truth");
	size_t n = json_array_size(rows), k = json_array_size(json_array_get(rows, 0));

	p->probability = malloc(n * k * sizeof *p->probability);
	p->truth = malloc(n * k);
	p->weight = malloc(k * sizeof *p->weight);

	for (size_t i = 0; i < n * k; i++) {
		p->probability[i] =
			(float)json_number_value(json_array_get(json_array_get(rows, i / k), i % k));
		p->truth[i] = json_integer_value(json_array_get(json_array_get(truth, i / k), i % k)) == 1;
	}

	for (size_t j = 0; j < k; j++)
		p->weight[j] = json_number_value(json_array_get(json_object_get(c, "weight"), j));
	p->in = (struct metrics_input){.n = n,
				       .n_classes = (int)k,
				       .is_multi = json_is_true(json_object_get(c, "is_multi")),
				       .probability = p->probability,
				       .truth = p->truth,
				       .weight = p->weight};
}

static void problem_release(struct problem *p)
{
	free(p->probability);
	free(p->truth);
	free(p->weight);
}

static void check_case(const struct metrics *m, const json_t *c)
{
	assert_near(m->accuracy, c, "accuracy");
	assert_near(m->balanced_accuracy, c, "balanced_accuracy");
	assert_near(m->macro_f1, c, "macro_f1");
	assert_near(m->weighted_f1, c, "weighted_f1");
	assert_near(m->macro_auroc, c, "macro_auroc");
	assert_near(m->macro_auprc, c, "macro_auprc");
	assert_near(m->ece, c, "ece");

	for (int k = 0; k < m->n_classes; k++) {
		const json_t *of = json_array_get(json_object_get(c, "of_class"), (size_t)k);
		assert_near((double)m->of_class[k].support, of, "support");
		assert_near(m->of_class[k].precision, of, "precision");
		assert_near(m->of_class[k].recall, of, "recall");
		assert_near(m->of_class[k].f1, of, "f1");
		assert_near(m->of_class[k].auroc, of, "auroc");
		assert_near(m->of_class[k].auprc, of, "auprc");
	}

	const json_t *confusion = json_object_get(c, "confusion");
	for (size_t i = 0; i < json_array_size(confusion); i++)
		assert_int_equal(m->confusion[i], json_integer_value(json_array_get(confusion, i)));
}

static void equals_scikit_learn(void **state)
{
	(void)state;
	json_t *cases = golden(), *c;
	size_t i;
	assert_int_equal(json_array_size(cases), 5);

	json_array_foreach (cases, i, c) {
		struct problem p;
		problem_read(&p, c);
		struct metrics m;
		metrics_init(&m, p.in.n_classes);
		metrics_compute(&m, &p.in);
		check_case(&m, c);
		assert_int_equal(m.n, p.in.n);
		assert_int_equal(m.n_missing, 0);
		metrics_release(&m);
		problem_release(&p);
	}

	json_decref(cases);
}

/* Counting record i count[i] times is the same as repeating it. */
static void multiplicity_is_repetition(void **state)
{
	(void)state;
	json_t *cases = golden(), *c;
	size_t at;

	json_array_foreach (cases, at, c) {
		struct problem p;
		problem_read(&p, c);
		size_t n = p.in.n, k = (size_t)p.in.n_classes, rows = 0;
		uint32_t *count = malloc(n * sizeof *count);
		float *probability = malloc(3 * n * k * sizeof *probability);
		uint8_t *truth = malloc(3 * n * k);
		struct auroc *ranking = malloc(k * sizeof *ranking);
		for (size_t i = 0; i < n; i++) {
			count[i] = (uint32_t)(i * 7 % 4 == 3 ? 0 : i * 7 % 4);
			for (uint32_t r = 0; r < count[i]; r++, rows++)
				for (size_t j = 0; j < k; j++) {
					probability[rows * k + j] = p.probability[i * k + j];
					truth[rows * k + j] = p.truth[i * k + j];
				}
		}
		for (size_t j = 0; j < k; j++)
			auroc_init(&ranking[j], p.probability + j, k, n);
		struct metrics a, b;
		metrics_init(&a, (int)k);
		metrics_init(&b, (int)k);
		p.in.count = count;
		p.in.ranking = ranking;
		metrics_compute(&a, &p.in);
		struct metrics_input repeated = p.in;
		repeated.n = rows;
		repeated.probability = probability;
		repeated.truth = truth;
		repeated.count = NULL;
		repeated.ranking = NULL;
		metrics_compute(&b, &repeated);
		assert_int_equal(a.n, rows);
		assert_true(fabs(a.macro_auroc - b.macro_auroc) < 1e-15 &&
			    fabs(a.macro_f1 - b.macro_f1) < 1e-15);
		assert_true(fabs(a.macro_auprc - b.macro_auprc) < 1e-12 && fabs(a.ece - b.ece) < 1e-12);
		assert_true(fabs(a.balanced_accuracy - b.balanced_accuracy) < 1e-15 &&
			    a.accuracy == b.accuracy);
		for (size_t j = 0; j < k; j++)
			auroc_release(&ranking[j]);
		metrics_release(&a);
		metrics_release(&b);
		free(ranking);
		free(truth);
		free(probability);
		free(count);
		problem_release(&p);
	}

	json_decref(cases);
}

static void a_class_without_records_is_undefined_and_left_out_of_means(void **state)
{
	(void)state;
	const float p[] = {.7f, .2f, .1f, .3f, .6f, .1f, .8f, .1f, .1f, .2f, .5f, .3f};
	const uint8_t truth[] = {1, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0};
	struct metrics m;
	metrics_init(&m, 3);
	metrics_compute(&m,
			&(struct metrics_input){.n = 4, .n_classes = 3, .probability = p, .truth = truth});
	assert_int_equal(m.n_missing, 1);
	assert_true(isnan(m.of_class[2].f1) && isnan(m.of_class[2].auroc) && isnan(m.of_class[2].auprc));
	assert_true(m.of_class[0].f1 == .5 && m.of_class[1].f1 == .5 && m.macro_f1 == .5 && m.accuracy == .5);
	assert_true(m.of_class[0].auroc == .25 && m.of_class[1].auroc == .5 && m.macro_auroc == .375);
	metrics_release(&m);
}

static void a_class_that_a_resample_lacks_keeps_its_value(void **state)
{
	(void)state;
	const float p[] = {.9f, .6f, .2f, .4f, .8f, .7f, .3f, .4f, .1f, .6f, .3f, .3f, .2f, .7f, .4f};
	const uint8_t truth[] = {1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 1, 1};
	const uint32_t count[] = {1, 2, 1, 0, 0}; /* none of class 2 */
	struct metrics_input in = {
		.n = 5, .n_classes = 3, .is_multi = true, .probability = p, .truth = truth};
	struct metrics whole, part;
	metrics_init(&whole, 3);
	metrics_init(&part, 3);
	metrics_compute(&whole, &in);
	in.count = count;
	metrics_compute(&part, &in);
	assert_true(isnan(part.of_class[2].auroc));

	double auroc = part.of_class[0].auroc + part.of_class[1].auroc,
	       f1 = part.of_class[0].f1 + part.of_class[1].f1;
	double auprc = part.of_class[0].auprc + part.of_class[1].auprc, weighted = part.weighted_f1;
	double own = part.balanced_accuracy;
	metrics_complete(&part, &whole);
	assert_true(fabs(part.macro_auroc - (auroc + whole.of_class[2].auroc) / 3) < 1e-12);
	assert_true(fabs(part.macro_f1 - (f1 + whole.of_class[2].f1) / 3) < 1e-12);
	assert_true(fabs(part.macro_auprc - (auprc + whole.of_class[2].auprc) / 3) < 1e-12);

	/* Class 2 of the whole: 0 of 2 found, 1 of 3 others taken for it. */
	assert_true(fabs(part.balanced_accuracy - (2 * own + (0 + 2. / 3) / 2) / 3) < 1e-12);
	assert_true(part.weighted_f1 == weighted);
	metrics_release(&whole);
	metrics_release(&part);
}

static void no_records_make_everything_undefined(void **state)
{
	(void)state;
	for (int is_multi = 0; is_multi < 2; is_multi++) {
		struct metrics m;
		metrics_init(&m, 2);
		metrics_compute(&m, &(struct metrics_input){.n = 0, .n_classes = 2, .is_multi = is_multi});
		assert_true(isnan(m.accuracy) && isnan(m.balanced_accuracy) && isnan(m.macro_f1));
		assert_true(isnan(m.weighted_f1) && isnan(m.macro_auroc) && isnan(m.macro_auprc) &&
			    isnan(m.ece));
		assert_int_equal(m.n_missing, 2);
		metrics_release(&m);
	}
}

static void equal_scores_count_half(void **state)
{
	(void)state;
	const float flat[] = {.5f, .5f, .5f, .5f}, steps[] = {1, .5f, .5f, 0};
	const uint8_t truth[] = {1, 0, 1, 0};
	struct auroc a;
	auroc_init(&a, flat, 1, 4);
	assert_true(auroc_area(&a, truth, 1, NULL) == .5 && auroc_precision(&a, truth, 1, NULL) == .5);
	auroc_release(&a);
	auroc_init(&a, steps, 1, 4);
	assert_true(auroc_area(&a, truth, 1, NULL) == .875);
	auroc_release(&a);
}

static void the_decision_follows_the_weights(void **state)
{
	(void)state;
	const float p[] = {.6f, .3f, .1f};
	const double to_last[] = {1, 1, 10};
	assert_int_equal(metrics_decide(p, NULL, 3), 0);
	assert_int_equal(metrics_decide(p, to_last, 3), 2);
	assert_true(metrics_has(.3f, 3) && !metrics_has(.3f, 2) && !metrics_has(.5f, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equals_scikit_learn),
		cmocka_unit_test(multiplicity_is_repetition),
		cmocka_unit_test(a_class_without_records_is_undefined_and_left_out_of_means),
		cmocka_unit_test(a_class_that_a_resample_lacks_keeps_its_value),
		cmocka_unit_test(no_records_make_everything_undefined),
		cmocka_unit_test(equal_scores_count_half),
		cmocka_unit_test(the_decision_follows_the_weights),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
