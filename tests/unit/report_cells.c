#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "report/cells.h"

static void assert_named(const char *name, const char *expected)
{
	struct text t = {0};
	text_name(&t, name);
	assert_string_equal(t.bytes, expected);
	text_release(&t);
}

static void a_name_breaks_where_its_words_end(void **state)
{
	(void)state;
	assert_named("MI", "MI");
	assert_named("left bundle branch block", "left bundle branch block");
	assert_named("av_block/2", "av_<wbr>block/<wbr>2");
	assert_named("a, b-", "a, b-");
	assert_named("<a>_&", "&lt;a&gt;_<wbr>&amp;");
}

static void one_long_word_breaks_between_characters(void **state)
{
	(void)state;
	assert_named("Vorhofflimmern", "Vorhofflimme<wbr>rn");
	assert_named("ääääääääääääöö", "ääääääääääää<wbr>öö");
	assert_named("Vorhofflimme rn", "Vorhofflimme rn");
	assert_int_equal(text_length("Überleitung"), 11);
}

static void a_number_is_not_torn(void **state)
{
	(void)state;
	assert_named("share-0.25", "share-<wbr>0.25");
	assert_named("lr-1e-4", "lr-<wbr>1e-4");
	assert_named("temperature 0.1", "temperature 0.1");
	assert_named("weight_1,024-3", "weight_<wbr>1,024-<wbr>3");
	assert_named("1.5.a", "1.5.<wbr>a");
	assert_named("1234567890123456", "1234567890123456");
	assert_named("abcdefghijk123", "abcdefghijk123");
	assert_named("abcdefghijkl123", "abcdefghijkl<wbr>123");
}

static void assert_heads(const char *names, const char *words, const char *expected)
{
	struct text t = {0};
	json_t *list = json_loads(names, 0, NULL);
	cells_heads(&t, words, list);
	assert_string_equal(t.bytes, expected);
	json_decref(list);
	text_release(&t);
}

static void one_long_name_turns_all_upright(void **state)
{
	(void)state;
	assert_heads("[\"MI\",\"CD\"]", "F1", "<th>F1<br>MI</th><th>F1<br>CD</th>");
	assert_heads("[\"MI\",\"HYP\"]", "", "<th>MI</th><th>HYP</th>");
	assert_heads("[\"MI\",\"sinus rhythm, fast\"]", "F1",
		     "<th class=upright><span>MI</span><br>F1</th>"
		     "<th class=upright><span>sinus rhythm, fast</span><br>F1</th>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_name_breaks_where_its_words_end),
					   cmocka_unit_test(a_number_is_not_torn),
					   cmocka_unit_test(one_long_word_breaks_between_characters),
					   cmocka_unit_test(one_long_name_turns_all_upright)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
