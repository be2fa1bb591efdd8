/* Averages of attention maps, on cases worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "statistics/attention_summary.h"

enum { H = 2, N = 3, L = 2 };

/* Time tokens look at lead 0 with 3/4, but for head 1 of the first token: all of it. Leads look evenly. */
static const float to_lead[H * N * L] = {.75f, .25f, .75f, .25f, .75f, .25f, 1, 0, .75f, .25f, .75f, .25f},
				   to_time[H * L * N] = {1.f / 3, 1.f / 3, 1.f / 3, 1.f / 3,
							 1.f / 3, 1.f / 3, 1.f / 3, 1.f / 3,
							 1.f / 3, 1.f / 3, 1.f / 3, 1.f / 3};
static const float away[H * N * L] = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1};

static double at(const json_t *list, size_t i)
{
	return json_number_value(json_array_get(list, i));
}

static void averages_are_over_records_and_by_class(void **state)
{
	(void)state;
	struct attention_summary g;
	json_t *classes = json_pack("[s,s]", "A", "B");
	attention_summary_init(&g, H, N, L, 2);

	json_t *none = attention_summary_json(&g, classes);
	assert_true(json_is_null(none));
	attention_summary_add(&g, to_lead, to_time, 0);
	attention_summary_add(&g, away, to_time, -1);

	json_t *j = attention_summary_json(&g, classes), *lead = json_object_get(j, "lead"),
	       *each = json_object_get(j, "class"), *a = json_object_get(each, "A");
	double share = (5 * .75 + 1) / 6, one = -(.75 * log(.75) + .25 * log(.25)) / log(2);
	assert_int_equal(json_integer_value(json_object_get(j, "n")), 2);
	assert_true(fabs(at(lead, 0) - share / 2) < 1e-12 && fabs(at(lead, 1) - (2 - share) / 2) < 1e-12);
	assert_true(fabs(at(json_object_get(j, "time"), 1) - 1. / 3) < 1e-7);
	assert_true(fabs(json_number_value(json_object_get(j, "lead_entropy")) - 5 * one / 12) < 1e-12);
	assert_true(fabs(json_number_value(json_object_get(j, "time_entropy")) - 1) < 1e-6);
	assert_true(json_object_size(each) == 1 && json_integer_value(json_object_get(a, "n")) == 1);
	assert_true(fabs(at(json_object_get(a, "lead"), 0) - share) < 1e-12);
	json_decref(none);
	json_decref(j);
	json_decref(classes);
	attention_summary_release(&g);
}

static void a_map_has_mean_one_where_nothing_is_preferred(void **state)
{
	(void)state;
	float map[L * N];
	float even[H * N * L];
	for (int i = 0; i < H * N * L; i++)
		even[i] = .5f;
	attention_summary_map(map, even, to_time, H, N, L);
	for (int i = 0; i < L * N; i++)
		assert_true(fabs((double)map[i] - 1) < 1e-6);
	attention_summary_map(map, away, to_time, H, N, L);
	assert_true(map[0] == 0 && fabs((double)map[N] - 2) < 1e-6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(averages_are_over_records_and_by_class),
					   cmocka_unit_test(a_map_has_mean_one_where_nothing_is_preferred)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
