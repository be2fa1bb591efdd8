#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/json.h"
#include "numbers/philox.h"
#include "statistics/offset.h"
#include "statistics/probe.h"
#include "statistics/scores.h"

enum { N = 240, D = 10, C = 3 };

/* Records whose first C features lean to their class; class 2 is rare. */
struct sample {
	float raw[PROBE_PARTS][N * D];
	uint8_t truth[PROBE_PARTS][N * C];
	uint64_t patient[N];
	struct probe_data data;
};

static struct sample *sample_new(double signal, bool is_multi)
{
	struct sample *s = calloc(1, sizeof *s);
	struct philox r = philox_open(8, PURPOSE_NOISE, 0, 0);

	for (int part = 0; part < PROBE_PARTS; part++) {
		for (int i = 0; i < N; i++) {
			uint32_t u = philox_below(&r, 20), c = u < 12 ? 0 : u < 18 ? 1 : 2;
			s->truth[part][i * C + (int)c] = 1;
			if (is_multi && i % 3 == 0)
				s->truth[part][i * C + i % C] = 1;
			for (int k = 0; k < D; k++)
				s->raw[part][i * D + k] =
					(float)(philox_normal(&r) +
						(k < C && s->truth[part][i * C + k] ? signal : 0));
			s->patient[i] = (uint64_t)i / 2;
		}
		s->data.n[part] = N;
		s->data.truth[part] = s->truth[part];
	}

	s->data.n_classes = C;
	s->data.is_multi = is_multi;
	return s;
}

static const struct probe_options options = {1e-3, 10, 5, true, NULL};

static void fit_with(struct probe *p, const struct sample *s, const struct probe_options *o)
{
	struct rows rows[PROBE_PARTS];
	for (int k = 0; k < PROBE_PARTS; k++)
		rows[k] = rows_in_memory(s->raw[k], s->data.n[k], D);
	probe_fit(p, &s->data, rows, o);
}

static void fit(struct probe *p, const struct sample *s)
{
	fit_with(p, s, &options);
}

static struct metrics measure(const struct probe *p, const struct sample *s, int part)
{
	struct metrics m;
	metrics_init(&m, C);
	metrics_compute(&m, &(struct metrics_input){.n = s->data.n[part],
						    .n_classes = C,
						    .is_multi = s->data.is_multi,
						    .probability = p->probability[part],
						    .truth = s->truth[part],
						    .weight = p->weight});
	return m;
}

static void coefficients_on_standardized_features_give_the_probabilities(void **state)
{
	(void)state;
	for (int is_multi = 0; is_multi < 2; is_multi++) {
		struct sample *s = sample_new(1.5, is_multi);
		struct probe p;
		fit(&p, s);
		for (int i = 0; i < N; i++) {
			double z[C], sum = 0;
			for (int c = 0; c < C; c++) {
				z[c] = p.bias[c];
				for (int k = 0; k < D; k++)
					z[c] += p.coefficient[c * D + k] *
						((double)s->raw[PROBE_TEST][i * D + k] - p.scaler.mean[k]) /
						p.scaler.scale[k];
				sum += exp(z[c]);
			}
			for (int c = 0; c < C; c++) {
				double want = is_multi ? 1 / (1 + exp(-z[c])) : exp(z[c]) / sum;
				assert_true(fabs((double)p.probability[PROBE_TEST][i * C + c] - want) < 1e-6);
			}
		}
		probe_release(&p);
		free(s);
	}
}

static void c_has_the_least_log_loss_on_validation_then_tau_the_best_f1(void **state)
{
	(void)state;
	for (int is_multi = 0; is_multi < 2; is_multi++) {
		struct sample *s = sample_new(.8, is_multi);
		struct probe p;
		fit(&p, s);
		struct metrics m = measure(&p, s, PROBE_VALIDATION);

		for (int k = 0; k < options.c_steps; k++) { /* each C alone is no better */
			struct probe one;
			double c = 1e-3 * pow(10, k);
			fit_with(&one, s, &(struct probe_options){c, c, 1, true, NULL});
			assert_true(fabs(c / p.c - 1) < 1e-9 || one.log_loss > p.log_loss);
			probe_release(&one);
		}
		for (int k = 0; k < 5; k++) { /* nor each tau */
			offset_weight(p.weight, p.prior, C, is_multi, k / 4.0);
			struct metrics other = measure(&p, s, PROBE_VALIDATION);
			assert_true(other.macro_f1 <= m.macro_f1);
			metrics_release(&other);
		}

		metrics_release(&m);
		probe_release(&p);
		free(s);
	}
}

static void the_log_loss_is_that_of_the_definition(void **state)
{
	static const float p[] = {.5f, .25f, .25f, 0, 1, 0};
	static const uint8_t truth[] = {0, 1, 0, 1, 0, 0};
	(void)state;
	assert_true(fabs(probe_log_loss(p, truth, 1, 3, false) - log(4)) < 1e-12);
	assert_true(fabs(probe_log_loss(p, truth, 2, 3, false) - (log(4) + log(1e7)) / 2) < 1e-9);
	assert_true(fabs(probe_log_loss(p, truth, 1, 3, true) - (log(2) + log(4) + log(4 / 3.))) < 1e-7);
	assert_true(fabs(probe_log_loss(p + 3, truth + 3, 1, 3, true) - 2 * log(1e7)) < 1e-7);
	assert_true(isnan(probe_log_loss(p, truth, 0, 3, false)));
}

static void the_test_part_decides_nothing(void **state)
{
	(void)state;
	struct sample *s = sample_new(1, false);
	struct probe a, b;
	fit(&a, s);
	for (int i = 0; i < N * D; i++)
		s->raw[PROBE_TEST][i] = -s->raw[PROBE_TEST][i];
	fit(&b, s);
	assert_true(a.c == b.c && a.tau == b.tau);
	assert_memory_equal(a.coefficient, b.coefficient, C * D * sizeof(double));
	assert_memory_equal(a.scaler.mean, b.scaler.mean, D * sizeof(double));
	probe_release(&a);
	probe_release(&b);
	free(s);
}

static void without_validation_c_is_nearest_to_one(void **state)
{
	(void)state;
	for (int is_multi = 0; is_multi < 2; is_multi++) {
		struct sample *s = sample_new(1, is_multi);
		struct probe p;
		s->data.n[PROBE_VALIDATION] = 0;
		fit(&p, s);
		assert_true(fabs(p.c - 1) < 1e-12 && p.tau == 0 && isnan(p.log_loss));
		assert_true(p.coefficient[0] > .1);
		probe_release(&p);
		free(s);
	}
}

static void the_majority_probe_predicts_the_commonest_class(void **state)
{
	(void)state;
	struct sample *s = sample_new(1, false);
	struct probe p;
	probe_majority(&p, &s->data);
	struct metrics m = measure(&p, s, PROBE_TEST);
	assert_true(m.macro_auroc == .5 && m.of_class[0].recall == 1 && m.of_class[1].recall == 0);
	assert_true(fabs(p.prior[0] + p.prior[1] + p.prior[2] - 1) < 1e-12 && p.prior[0] > .5);
	metrics_release(&m);
	probe_release(&p);
	free(s);
}

static void compare(struct comparison *c, const struct sample *s, const struct probe *a,
		    const struct probe *b)
{
	static struct comparison_row row[2];
	row[0] = (struct comparison_row){"a", a->probability[PROBE_TEST], a->weight, 0};
	row[1] = (struct comparison_row){"b", b->probability[PROBE_TEST], b->weight, 0};
	*c = (struct comparison){.n_rows = 2,
				 .row = row,
				 .data = {.n = s->data.n[PROBE_TEST],
					  .n_classes = C,
					  .is_multi = s->data.is_multi,
					  .truth = s->truth[PROBE_TEST]},
				 .bootstrap = {.seed = 1, .n_resamples = 300, .patient = s->patient}};
	comparison_run(c);
}

static void differences_are_paired(void **state)
{
	(void)state;
	struct sample *s = sample_new(1, false);
	struct probe p, floor;
	struct comparison same, other;
	fit(&p, s);
	probe_majority(&floor, &s->data);
	compare(&same, s, &p, &p);
	compare(&other, s, &p, &floor);

	for (int k = 0; k < comparison_count(&same); k++) {
		struct comparison_value d = comparison_difference(&same, 0, 1, k);
		assert_true(d.value == 0 && d.interval.error == 0 && d.interval.high == 0);
	}

	struct comparison_value of = comparison_of(&other, 0, COMPARISON_MACRO_AUROC);
	struct comparison_value d = comparison_difference(&other, 0, 1, COMPARISON_MACRO_AUROC);
	assert_true(fabs(d.value - (of.value - .5)) < 1e-12 && d.interval.low > 0);
	assert_true(fabs(d.interval.error - of.interval.error) < 1e-12); /* the floor's AUROC never varies */
	assert_true(of.interval.low < of.value && of.value < of.interval.high && of.interval.n == 300);
	comparison_release(&same);
	comparison_release(&other);
	probe_release(&p);
	probe_release(&floor);
	free(s);
}

static void json_has_null_and_a_sentence_for_what_is_undefined(void **state)
{
	(void)state;
	struct sample *s = sample_new(1, false);
	for (int i = 0; i < N; i++)
		if (s->truth[PROBE_TEST][i * C + 2]) {
			s->truth[PROBE_TEST][i * C + 2] = 0;
			s->truth[PROBE_TEST][i * C] = 1;
		}

	struct probe p;
	struct comparison c;
	fit(&p, s);
	compare(&c, s, &p, &p);

	json_t *classes = json_pack("[s,s,s]", "A", "B", "RARE");
	json_t *metrics = scores_metrics(&c.metrics[0], classes, false),
	       *intervals = scores_intervals(&c, 0, -1, classes);
	char *text = json_canonical(metrics, NULL), *more = json_canonical(intervals, NULL);
	assert_non_null(strstr(text, "no record has class RARE"));
	assert_non_null(strstr(text, "\"RARE\":{\"auprc\":null,\"auroc\":null,\"f1\":null"));
	assert_non_null(strstr(more, "\"RARE\":{\"auroc\":{\"error\":null"));
	assert_null(strstr(more, "\"macro_f1\":{\"error\":null"));
	free(text);
	free(more);
	json_decref(metrics);
	json_decref(intervals);
	json_decref(classes);
	comparison_release(&c);
	probe_release(&p);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(coefficients_on_standardized_features_give_the_probabilities),
		cmocka_unit_test(c_has_the_least_log_loss_on_validation_then_tau_the_best_f1),
		cmocka_unit_test(the_log_loss_is_that_of_the_definition),
		cmocka_unit_test(the_test_part_decides_nothing),
		cmocka_unit_test(without_validation_c_is_nearest_to_one),
		cmocka_unit_test(the_majority_probe_predicts_the_commonest_class),
		cmocka_unit_test(differences_are_paired),
		cmocka_unit_test(json_has_null_and_a_sentence_for_what_is_undefined),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
