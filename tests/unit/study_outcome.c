/* What a study makes of its cells: which setting may be the best, over which cells a difference is, where a
 * point lies on an axis, what chance reaches. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/die.h"
#include "common/json.h"
#include "stages/study/axes.h"
#include "stages/study/outcome.h"
#include "stages/study/page.h"
#include "stages/study/setting.h"
#include "stages/study/standing.h"
#include "stages/study/why.h"

enum { SEEDS = 2, FOLDS = 2, CELLS = SEEDS * FOLDS };

/* A study of 2 seeds and 2 rotations, without settings. */
static struct trials open_trials(void)
{
	struct trials c = {.study = json_pack("{s:s, s:s, s:[i,i], s:[i,i], s:[], s:[]}", "question",
					      "Which?", "baseline", "s0", "seeds", 1, 2, "folds", 3, 4,
					      "settings", "fit"),
			   .failed = json_array(),
			   .notes = json_array(),
			   .classes = json_array(),
			   .n_seeds = SEEDS,
			   .n_folds = FOLDS};
	c.settings = json_object_get(c.study, "settings");
	c.seeds = json_object_get(c.study, "seeds");
	c.folds = json_object_get(c.study, "folds");
	c.values = die_calloc(64 * CELLS, sizeof *c.values);
	return c;
}

/* s0, s1, ... with the scores of its cells, NAN: it has none; set: as JSON, of a grid if there is any. */
static void add_setting(struct trials *c, const double score[CELLS], const char *set)
{
	char *name = die_printf("s%zu", c->n_settings);
	json_array_append_new((json_t *)c->settings,
			      json_pack("{s:s, s:s, s:i, s:o}", "name", name, "label", name, "grid",
					*set != 0, "set", *set ? json_loads(set, 0, NULL) : json_object()));
	for (int i = 0; i < CELLS; i++)
		if (isfinite(score[i]))
			c->values[c->n_settings * CELLS + (size_t)i] = json_pack("{s:f}", "auroc", score[i]);
	c->n_settings++;
	free(name);
}

static void put_all(struct trials *c, size_t setting, const char *name, double x)
{
	for (size_t i = 0; i < CELLS; i++)
		if (c->values[setting * CELLS + i])
			json_object_set_new(c->values[setting * CELLS + i], name, json_real(x));
}

static const json_t *at(const json_t *settings, size_t i, const char *name)
{
	assert_string_equal(json_text(json_array_get(settings, i), "name"), name);
	return json_array_get(settings, i);
}

/* Whether the page's text of the settings has it. */
static bool verdict_says(const json_t *settings, const char *words)
{
	struct text t = {0};
	standing_verdict(&t, settings, "s0");
	bool is_there = strstr(t.bytes, words) != NULL;
	text_release(&t);
	return is_there;
}

static const double plain[] = {.6, .8, .62, .8}, better[] = {.65, .84, .67, .86},
		    easy_fold[] = {NAN, .83, NAN, .84}, nothing[] = {NAN, NAN, NAN, NAN};

static void an_incomplete_setting_is_never_the_best(void **state)
{
	(void)state;
	struct trials c = open_trials();
	add_setting(&c, plain, "");
	add_setting(&c, easy_fold, "");
	add_setting(&c, better, "");
	add_setting(&c, nothing, "");
	json_t *settings = outcome_settings(&c);

	assert_false(json_object_get(at(settings, 0, "s2"), "behind"));
	assert_true(setting_is_complete(at(settings, 1, "s0")));
	const json_t *s = at(settings, 2, "s1");
	assert_false(setting_is_complete(s));
	assert_float_equal(json_number(s, "cells"), 2, 0);
	assert_float_equal(json_number(s, "of"), 4, 0);
	/* Over the fold that both have, not .755 - .835. */
	assert_float_equal(json_number(setting_value(s, NULL, "behind"), "value"), .015, 1e-12);
	assert_float_equal(json_number(setting_value(s, "over", "baseline"), "value"), .035, 1e-12);
	assert_false(setting_is_complete(at(settings, 3, "s3")));

	assert_true(verdict_says(settings, "Best of 2: s2; macro AUROC 0.755; +0.050 ["));
	assert_true(verdict_says(settings, "for cells are missing: s1 (2 of 4 cells); s3 (0 of 4 cells).<"));
	assert_false(verdict_says(settings, "cannot be told from it: s1"));
	json_decref(settings);
	trials_close(&c);
}

static void what_nobody_has_is_not_missing(void **state)
{
	(void)state;
	struct trials c = open_trials();
	add_setting(&c, easy_fold, "");
	add_setting(&c, easy_fold, "");
	json_t *settings = outcome_settings(&c);
	assert_true(setting_is_complete(at(settings, 0, "s0")) && setting_is_complete(at(settings, 1, "s1")));
	json_decref(settings);
	trials_close(&c);

	c = open_trials();
	static const double hard_fold[] = {.6, NAN, .61, NAN};
	add_setting(&c, easy_fold, "");
	add_setting(&c, hard_fold, "");
	settings = outcome_settings(&c);
	assert_true(verdict_says(settings, "none is called the best"));
	assert_false(setting_value(at(settings, 1, "s1"), NULL, "behind"));
	json_decref(settings);
	trials_close(&c);
}

static void a_floor_is_of_cells_that_have_both(void **state)
{
	(void)state;
	struct trials c = open_trials();
	add_setting(&c, plain, "");
	json_object_set_new(c.values[1], "over:scale", json_real(.1));
	json_object_set_new(c.values[3], "over:scale", json_real(.1));
	json_t *floors = outcome_floors(&c);
	const json_t *own =
		json_object_get(json_object_get(json_object_get(floors, "scale"), "interval"), "macro_auroc");
	assert_float_equal(json_number(own, "value"), .7, 1e-12);
	json_decref(floors);
	trials_close(&c);
}

static void intervals_of_shares_end_at_1_and_others_do_not(void **state)
{
	(void)state;
	struct trials c = open_trials();
	static const double high[] = {.9, .99, .9, .99};
	add_setting(&c, high, "");
	for (size_t i = 0; i < CELLS; i++)
		json_object_set_new(c.values[i], "rankme", json_real(high[i]));
	assert_true(trials_mean(&c, 0, "auroc").high == 1);
	assert_true(trials_mean(&c, 0, "auroc").low > 0);
	assert_true(trials_mean(&c, 0, "rankme").high > 1);
	trials_close(&c);
}

static void a_point_without_its_place_is_left_out(void **state)
{
	(void)state;
	struct trials c = open_trials();
	static const double share[] = {.25, .5, 1};
	for (int k = 0; k < 3; k++) {
		char *set = die_printf("{\"pretrain.share\": %g}", share[k]);
		add_setting(&c, k == 1 ? nothing : plain, set);
		put_all(&c, (size_t)k, "records", 100 * share[k]);
		free(set);
	}
	json_t *curves = axes_curves(&c);
	const json_t *curve = json_array_get(curves, 0),
		     *points = json_object_get(json_array_get(json_object_get(curve, "series"), 0), "points");
	assert_int_equal(json_array_size(points), 2);
	assert_float_equal(json_number(json_array_get(points, 0), "x"), 25, 0);
	assert_string_equal(json_text(json_array_get(points, 0), "label"), "25");
	assert_string_equal(json_text(json_array_get(points, 0), "below"), "0.25");
	assert_string_equal(json_text(curve, "left_out"), "Left out, without a score or a place here: s1.");
	json_decref(curves);
	trials_close(&c);
}

/* 1 and 2 alone span less than two octaves, 1 to 8 more. */
static void all_series_of_a_curve_lie_on_one_axis(void **state)
{
	(void)state;
	struct trials c = open_trials();
	static const char *const sets[] = {"{\"a.x\": 1, \"a.y\": 1}", "{\"a.x\": 2, \"a.y\": 1}",
					   "{\"a.x\": 1, \"a.y\": 2}", "{\"a.x\": 8, \"a.y\": 2}"};
	for (size_t k = 0; k < sizeof sets / sizeof *sets; k++)
		add_setting(&c, k == 1 ? easy_fold : plain, sets[k]);
	json_t *curves = axes_curves(&c);
	const json_t *all = json_object_get(json_array_get(curves, 0), "series");
	const json_t *two = json_array_get(json_object_get(json_array_get(all, 0), "points"), 1);
	assert_int_equal(json_array_size(all), 2);
	assert_float_equal(json_number(two, "place"), log(2), 1e-12);
	assert_true(json_is_false(json_object_get(two, "is_complete")));
	assert_true(json_is_true(json_object_get(
		json_array_get(json_object_get(json_array_get(all, 1), "points"), 1), "is_complete")));
	json_decref(curves);
	trials_close(&c);
}

/* Eight settings; with `views` of them different in what is measured. */
static json_t *correlations(size_t views)
{
	struct trials c = open_trials();
	for (size_t s = 0; s < 8; s++) {
		double score[CELLS];
		for (int i = 0; i < CELLS; i++)
			score[i] = .6 + .01 * (double)s;
		add_setting(&c, score, "");
		put_all(&c, s, "rankme", (double)(s * views / 8));
	}
	add_setting(&c, easy_fold, "");
	put_all(&c, 8, "rankme", -1);
	json_t *settings = outcome_settings(&c), *why = why_correlations(settings);
	json_decref(settings);
	trials_close(&c);
	return why;
}

static void settings_that_are_measured_alike_count_once(void **state)
{
	(void)state;
	json_t *all = correlations(8), *few = correlations(5), *none = correlations(4);
	const json_t *w = json_array_get(all, 0);
	assert_float_equal(json_number(w, "correlation"), 1, 1e-12); /* the incomplete one would spoil it */
	assert_float_equal(json_number(w, "settings"), 8, 0);
	assert_float_equal(json_number(w, "limit"), 1.96 / sqrt(7), 1e-12);
	w = json_array_get(few, 0);
	assert_float_equal(json_number(w, "distinct"), 5, 0);
	assert_float_equal(json_number(w, "limit"), 1.96 / 2, 1e-12);
	assert_int_equal(json_array_size(none), 0);
	json_decref(all);
	json_decref(few);
	json_decref(none);
}

/* Two rotations: the square root of 1 + 2/7. */
static void the_page_says_how_far_rotations_overlap(void **state)
{
	(void)state;
	struct trials c = open_trials();
	add_setting(&c, plain, "");
	json_t *all = json_pack("{s:O, s:o, s:o, s:o}", "study", c.study, "settings", outcome_settings(&c),
				"why", json_array(), "classes", json_array());
	struct text t = {0};
	page_study(&t, all);
	assert_non_null(strstr(t.bytes, "= 1.13 times as large with the 2 that are there"));
	text_release(&t);
	json_decref(all);
	trials_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_incomplete_setting_is_never_the_best),
		cmocka_unit_test(what_nobody_has_is_not_missing),
		cmocka_unit_test(a_floor_is_of_cells_that_have_both),
		cmocka_unit_test(intervals_of_shares_end_at_1_and_others_do_not),
		cmocka_unit_test(a_point_without_its_place_is_left_out),
		cmocka_unit_test(all_series_of_a_curve_lie_on_one_axis),
		cmocka_unit_test(settings_that_are_measured_alike_count_once),
		cmocka_unit_test(the_page_says_how_far_rotations_overlap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
