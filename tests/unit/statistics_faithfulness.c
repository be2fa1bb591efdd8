/* Faithfulness on records where the answer is known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "statistics/faithfulness.h"

enum { N = 6, L = 3 };
static const uint64_t patient[N] = {1, 1, 2, 3, 4, 5};
static const double attention[N * L] = {.6, .3, .1, .1, .3, .6, .2, .5, .3,
					.6, .3, .1, .3, .1, .6, .5, .4, .1};

static double number(const json_t *j, const char *name, const char *what)
{
	return json_number_value(json_object_get(json_object_get(j, name), what));
}

static json_t *judged(const double *drop)
{
	return faithfulness_json(&(struct faithfulness_input){.n = N,
							      .n_leads = L,
							      .attention = attention,
							      .drop = drop,
							      .patient = patient,
							      .seed = 1,
							      .n_resamples = 200});
}

static void a_drop_that_is_the_attention_is_faithful(void **state)
{
	(void)state;
	json_t *j = judged(attention);
	assert_true(fabs(number(j, "most", "value") - 3.4 / 6) < 1e-12);
	assert_true(fabs(number(j, "least", "value") - .7 / 6) < 1e-12);
	assert_true(fabs(number(j, "any", "value") - 1. / 3) < 1e-12);
	assert_true(fabs(number(j, "most_minus_any", "value") - (3.4 / 6 - 1. / 3)) < 1e-12);
	assert_true(fabs(number(j, "most_minus_least", "value") - 2.7 / 6) < 1e-12);
	assert_true(fabs(number(j, "correlation", "value") - 1) < 1e-12);
	assert_true(number(j, "most_minus_any", "low") > 0 &&
		    number(j, "most", "low") <= number(j, "most", "value") &&
		    number(j, "most", "high") >= number(j, "most", "value"));
	json_decref(j);
}

static void the_reverse_is_unfaithful_and_the_same_for_all_leads_neither(void **state)
{
	(void)state;
	double drop[N * L];
	for (int i = 0; i < N * L; i++)
		drop[i] = -attention[i];
	json_t *j = judged(drop);
	assert_true(fabs(number(j, "correlation", "value") + 1) < 1e-12 &&
		    number(j, "most_minus_any", "high") < 0);
	json_decref(j);
	for (int i = 0; i < N * L; i++)
		drop[i] = 2;
	j = judged(drop);
	assert_true(number(j, "correlation", "value") == 0 && number(j, "most_minus_least", "value") == 0 &&
		    number(j, "any", "low") == 2);
	json_decref(j);
}

static void no_record_is_null_and_no_resample_has_no_interval(void **state)
{
	(void)state;
	json_t *j = faithfulness_json(&(struct faithfulness_input){.n_leads = L});
	assert_true(json_is_null(j));
	json_decref(j);
	j = faithfulness_json(&(struct faithfulness_input){
		.n = N, .n_leads = L, .attention = attention, .drop = attention, .patient = patient});
	assert_true(json_is_null(json_object_get(json_object_get(j, "most"), "low")));
	json_decref(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_drop_that_is_the_attention_is_faithful),
		cmocka_unit_test(the_reverse_is_unfaithful_and_the_same_for_all_leads_neither),
		cmocka_unit_test(no_record_is_null_and_no_resample_has_no_interval)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
