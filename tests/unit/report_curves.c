#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "report/curves.h"
#include "report/forest.h"
#include "report/interval.h"
#include "report/paper.h"
#include "report/svg.h"

static int count(const struct text *t, const char *words)
{
	int n = 0;
	for (const char *s = t->bytes; s && (s = strstr(s, words)); s++)
		n++;
	return n;
}

/* What stands beside the ticks, in order: all texts that are numbers. */
static void ticks_of(const struct text *t, char *out)
{
	*out = 0;
	for (const char *s = t->bytes; (s = strstr(s, "<text ")); s++) {
		const char *words = strchr(s, '>') + 1, *end = strchr(words, '<');
		if (strspn(words, "-0123456789.") == (size_t)(end - words))
			sprintf(out + strlen(out), "%s%.*s", *out ? " " : "", (int)(end - words), words);
	}
}

static void history(struct text *t, const char *column, const char *rows)
{
	char json[1000], columns[] = "\"epoch\",\"loss\",\"auroc\"";
	snprintf(json, sizeof json, "[{\"training\":{\"columns\":[%s],\"history\":%s}}]", columns, rows);
	json_t *arms = json_loads(json, 0, NULL);
	assert_non_null(arms);
	assert_int_equal(curves_history(t, arms, column, NULL), 1);
	json_decref(arms);
}

static void auroc_begins_at_what_tells_nothing_apart(void **state)
{
	struct text t = {0};
	char ticks[400];
	(void)state;
	history(&t, "auroc", "[[0,0,0,0.81],[1,1,2.5,0.86],[2,2,2.1,0.88]]");
	ticks_of(&t, ticks);
	assert_string_equal(ticks, "0 1 2 0.5 0.6 0.7 0.8 0.9");
	text_release(&t);
	history(&t, "auroc", "[[0,0,0,0.41],[1,1,2.5,0.86]]");
	ticks_of(&t, ticks);
	assert_string_equal(ticks, "0 1 0.4 0.5 0.6 0.7 0.8 0.9");
	text_release(&t);
}

static void one_epoch_is_a_point_with_axes(void **state)
{
	struct text t = {0};
	char ticks[400];
	(void)state;
	history(&t, "loss", "[[0,0,0,0.8],[1,1,2.5,0.8]]");
	assert_int_equal(count(&t, "<circle class=\"dot s0\""), 1);
	assert_int_equal(count(&t, "<polyline"), 0);
	ticks_of(&t, ticks);
	assert_string_equal(ticks, "0 1 0.0 0.5 1.0 1.5 2.0 2.5");
	text_release(&t);
	history(&t, "auroc", "[[0,0,0,0.5]]"); /* not even a span */
	assert_int_equal(count(&t, "<circle class=\"dot s0\""), 1);
	assert_int_equal(count(&t, "nan"), 0);
	text_release(&t);
}

static void the_forest_has_a_row_per_floor(void **state)
{
	struct text t = {0};
	json_t *arms = json_loads(
		       "[{\"name\":\"an arm whose name has rather many letters\",\"group\":\"g\","
		       "\"trained\":{\"interval\":{\"m\":{\"value\":0.8,\"low\":0.7,\"high\":0.9}}}},"
		       "{\"name\":\"an arm whose name has far too many letters even for a room that "
		       "grows\",\"group\":\"g\","
		       "\"trained\":{\"interval\":{\"m\":{\"value\":0.8,\"low\":0.7,\"high\":0.9}}}}]",
		       0, NULL),
	       *floors = json_loads(
		       "{\"majority\":{\"interval\":{\"m\":{\"value\":0.5}}},"
		       "\"scale\":{\"interval\":{\"m\":{\"value\":0.6,\"low\":0.55,\"high\":0.7}}}}",
		       0, NULL);
	(void)state;
	assert_non_null(arms);
	assert_non_null(floors);
	forest_draw(&t, arms, floors, "m", "m");
	assert_int_equal(count(&t, ">majority class</text>"), 1);
	assert_int_equal(count(&t, ">log-std only</text>"), 1);
	assert_int_equal(count(&t, "<circle class=\"dot floor\""), 2);
	assert_int_equal(count(&t, "<polyline class=\"line level\""), 2);
	assert_int_equal(count(&t, "<polyline class=\"line floor\""), 1); /* the other has no interval */
	assert_int_equal(count(&t, "convolutions"), 0);
	assert_int_equal(count(&t, ">an arm whose name has rather many letters</text>"), 1);
	assert_int_equal(count(&t, ">an arm whose name has far too many letters even for a</text>"), 1);
	assert_int_equal(count(&t, ">room that grows</text>"), 1);
	assert_int_equal(count(&t, "<title>"), 0);
	struct svg_plot p = {.width = 100, .height = 50, .y1 = 1, .names = 60};
	svg_name(&t, &p, 0, "much_longer_than_both_lines");
	assert_int_equal(count(&t, ">much_</text>"), 1);
	assert_int_equal(count(&t, "<title>much_longer_than_both_lines</title>longer_th…</text>"), 1);
	text_release(&t);
	json_decref(arms);
	json_decref(floors);
}

static void an_interval_below_chance_is_cut(void **state)
{
	static const char text[] =
		"[{\"name\":\"a\",\"trained\":{\"interval\":{\"macro_auroc\":{\"value\":0.8,"
		"\"low\":0.2,\"high\":0.99}}}}]";
	struct text t = {0};
	struct interval v;
	char ticks[400];
	json_t *arms = json_loads(text, 0, NULL),
	       *low = json_loads("{\"value\":0.4,\"low\":0.3,\"high\":0.6}", 0, NULL);
	(void)state;
	forest_draw(&t, arms, NULL, "macro_auroc", "macro AUROC");
	ticks_of(&t, ticks);
	assert_string_equal(ticks, "0.5 0.6 0.7 0.8 0.9 1.0");
	assert_int_equal(count(&t, "<path class=\"line s0\""), 1); /* it goes on */
	assert_true(interval_read(&v, low, "macro_auroc"));	   /* a value below is shown */
	assert_true(v.low == .4 && v.is_cut);
	assert_true(interval_read(&v, low, "macro_f1"));
	assert_true(v.low == .3 && !v.is_cut);
	assert_false(interval_read(&v, NULL, "macro_f1"));
	text_release(&t);
	json_decref(arms);
	json_decref(low);
}

static void a_view_has_its_seconds(void **state)
{
	static const char *const names[] = {"I",  "II", "III", "aVR", "aVL", "aVF",
					    "V1", "V2", "V3",  "V4",  "V5",  "V6"};
	static const struct {
		int samples;
		double rate_hz;
		const char *ticks;
	} cases[] = {{500, 100, "0 1 2 3 4 5"}, {500, 50, "0 2 4 6 8 10"}, {1500, 50, "0 5 10 15 20 25 30"}};
	unsigned char keep[12];
	char ticks[400];
	(void)state;
	memset(keep, 1, sizeof keep);

	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
		struct text t = {0};
		float *x = calloc(12 * (size_t)cases[k].samples, sizeof *x);
		paper_view(&t, x, cases[k].samples, cases[k].rate_hz, keep, names, "a view");
		ticks_of(&t, ticks);
		assert_string_equal(ticks, cases[k].ticks);
		text_release(&t);
		free(x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(auroc_begins_at_what_tells_nothing_apart),
					   cmocka_unit_test(one_epoch_is_a_point_with_axes),
					   cmocka_unit_test(the_forest_has_a_row_per_floor),
					   cmocka_unit_test(an_interval_below_chance_is_cut),
					   cmocka_unit_test(a_view_has_its_seconds)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
