#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/yaml.h"

static struct yaml *parse(const char *text)
{
	struct error e = {0};
	struct yaml *y = yaml_parse(text, strlen(text), "x.yaml", &e);
	if (!y)
		fail_msg("%s", error_text(&e));
	return y;
}

static void values_keep_their_order_lines_and_quotes(void **state)
{
	(void)state;
	struct yaml *y =
		parse("# first\nfetch:\n  source: 'a b'\n  n: 5 # five\nviews:\n  pool: [x, \"y\"]\n");
	const struct yaml_value *fetch = yaml_root(y)->first, *views = fetch->next;
	assert_string_equal(fetch->key, "fetch");
	assert_int_equal(fetch->kind, YAML_MAP);
	assert_int_equal(fetch->line, 2);
	assert_string_equal(fetch->first->text, "a b");
	assert_true(fetch->first->is_quoted);
	assert_string_equal(fetch->first->next->key, "n");
	assert_string_equal(fetch->first->next->text, "5");
	assert_false(fetch->first->next->is_quoted);
	assert_int_equal(fetch->first->next->line, 4);
	assert_null(views->next);
	assert_int_equal(views->first->kind, YAML_LIST);
	assert_string_equal(views->first->first->text, "x");
	assert_null(views->first->first->key);
	assert_true(views->first->first->next->is_quoted);
	assert_null(views->first->first->next->next);
	yaml_close(y);
}

static void an_empty_file_is_an_empty_mapping(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "\n\n", "# nothing\n", "---\n{}\n",
					    "\xEF\xBB\xBF# a mark\r\n"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct yaml *y = parse(texts[i]);
		assert_int_equal(yaml_root(y)->kind, YAML_MAP);
		assert_null(yaml_root(y)->first);
		yaml_close(y);
	}
}

static void refuses_bytes(const char *text, size_t n_bytes, const char *message)
{
	struct error e = {0};
	assert_null(yaml_parse(text, n_bytes, "x.yaml", &e));
	assert_string_equal(error_text(&e), message);
}

static void refuses(const char *text, const char *message)
{
	refuses_bytes(text, strlen(text), message);
}

static void each_refusal_names_file_line_and_remedy(void **state)
{
	(void)state;
	refuses("a:\n  b: 1\n  c: 2\n  b: 3\n", "x.yaml:4: duplicate key 'b'; it is on line 2 already");
	refuses("a: 1\nb: 2\na: 3\n", "x.yaml:3: duplicate key 'a'; it is on line 1 already");
	refuses("a:\n\tb: 1\n", "x.yaml:2: a tab in the indentation; use spaces");
	refuses("a:\n  \tb: 1\n", "x.yaml:2: a tab in the indentation; use spaces");
	refuses("a: &x 1\n", "x.yaml:1: anchors (&name) are not allowed; write the value out");
	refuses("a: &x\n  b: 1\n", "x.yaml:1: anchors (&name) are not allowed; write the value out");
	refuses("a:\n  b: *x\n", "x.yaml:2: aliases (*name) are not allowed; write the value out");
	refuses("a: !!str 1\n", "x.yaml:1: tags (!name) are not allowed; write the value without");
	refuses("a: ! 1\n", "x.yaml:1: tags (!name) are not allowed; write the value without");
	refuses("a: 1\n---\nb: 2\n", "x.yaml:2: a second document ('---') is not allowed");
	refuses("%YAML 1.1\n---\na: 1\n",
		"x.yaml:1: directives (%YAML, %TAG) are not allowed; remove this line");
	refuses("a: |\n  b\n", "x.yaml:1: block texts (| and >) are not allowed; write it on one line");
	refuses("a:\n  b: c\n   d\n",
		"x.yaml:2: a value must stand on one line; check indentation, colons and quotes");
	refuses("a: 1\n b: 2\n",
		"x.yaml:1: a value must stand on one line; check indentation, colons and quotes");
	refuses("a: \"\\0\"\n", "x.yaml:1: a text must not hold NUL (\\0)");
	refuses("- a\n", "x.yaml:1: expected sections ('name:' and indented lines under it)");
	refuses("just text\n", "x.yaml:1: expected sections ('name:' and indented lines under it)");
	refuses("? [a]\n: 1\n", "x.yaml:1: expected 'name: value', found a list or mapping as name");
	refuses("a: 1\nb: \xff\n", "x.yaml:2: invalid leading UTF-8 octet");
	refuses("a: \"x\nb: 1\n", "x.yaml:2: found unexpected end of stream while scanning a quoted scalar "
				  "that begins on line 1");
	refuses_bytes("a: 1\n\0", 6, "x.yaml:2: control characters are not allowed");
}

static void syntax_errors_name_the_line(void **state)
{
	(void)state;
	static const char *const texts[] = {"a: 1\nb: [1\n", "a: 1\nb: \"x\n", "a: 1\nb: c: d\n",
					    "a: 1\n}\n"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct error e = {0};
		assert_null(yaml_parse(texts[i], strlen(texts[i]), "x.yaml", &e));
		assert_true(!strncmp(e.text, "x.yaml:2: ", 10) || !strncmp(e.text, "x.yaml:3: ", 10));
	}
}

static char *repeat(const char *unit, size_t times)
{
	size_t n = strlen(unit);
	char *text = malloc(n * times + 1);
	assert_non_null(text);
	for (size_t i = 0; i < times; i++)
		memcpy(text + i * n, unit, n);
	text[n * times] = '\0';
	return text;
}

static void size_and_depth_are_bounded(void **state)
{
	(void)state;
	char *deep = repeat("[", 100000), *deep_map = repeat("{a: ", 50000),
	     *long_list = repeat("- a\n", YAML_MAX_MEMBERS + 1);
	char *big = repeat("#", YAML_MAX_BYTES + 1);
	char list[5 * YAML_MAX_MEMBERS];
	refuses(deep, "x.yaml:1: expected sections ('name:' and indented lines under it)");
	refuses(deep_map, "x.yaml:1: more levels than a params file has");
	refuses(big, "x.yaml: larger than the 262144 bytes a params file may have");
	snprintf(list, sizeof list, "a:\n%s", long_list);
	refuses(list, "x.yaml:1002: more lines than a section of a params file has");
	free(deep);
	free(deep_map);
	free(long_list);
	free(big);
}

static void a_missing_file_is_named(void **state)
{
	(void)state;
	struct error e = {0};
	assert_null(yaml_open("/nonexistent/x.yaml", &e));
	assert_non_null(strstr(e.text, "/nonexistent/x.yaml"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_keep_their_order_lines_and_quotes),
		cmocka_unit_test(an_empty_file_is_an_empty_mapping),
		cmocka_unit_test(each_refusal_names_file_line_and_remedy),
		cmocka_unit_test(syntax_errors_name_the_line),
		cmocka_unit_test(size_and_depth_are_bounded),
		cmocka_unit_test(a_missing_file_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
