#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"

static void is(const char *text, const char *expected)
{
	struct error e = {0};
	json_t *value = json_read(text, strlen(text), "test", &e);
	if (!value)
		fail_msg("%s", error_text(&e));
	size_t n;
	char *out = json_canonical(value, &n);
	assert_string_equal(out, expected);
	assert_int_equal(n, strlen(expected));
	free(out);
	json_decref(value);
}

/* RFC 8785, 3.2.2 and 3.2.3. */
static void the_examples_of_rfc_8785_come_out(void **state)
{
	(void)state;
	is("{\n  \"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],\n"
	   "  \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n"
	   "  \"literals\": [null, true, false]\n}",
	   "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
	   "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
	is("{\"\\u20ac\":1,\"\\r\":2,\"\\ufb33\":3,\"1\":4,\"\\ud83d\\ude00\":5,\"\\u0080\":6,\"\\u00f6\":7}",
	   "{\"\\r\":2,\"1\":4,\"\xc2\x80\":6,\"\xc3\xb6\":7,\"\xe2\x82\xac\":1,\"\xf0\x9f\x98\x80\":5,"
	   "\"\xef\xac\xb3\":3}");
}

static void control_characters_are_escaped_the_one_way(void **state)
{
	(void)state;
	is("\"\\b\\t\\n\\f\\r\\u0001\\u001f\\u007f\"", "\"\\b\\t\\n\\f\\r\\u0001\\u001f\x7f\"");
	is("[[],{},\"\",[{}]]", "[[],{},\"\",[{}]]");
}

/* RFC 8785, appendix B. */
static void the_numbers_of_rfc_8785_come_out(void **state)
{
	(void)state;
	static const struct {
		uint64_t bits;
		const char *text;
	} cases[] = {{0x0000000000000000, "0"},
		     {0x8000000000000000, "0"},
		     {0x0000000000000001, "5e-324"},
		     {0x8000000000000001, "-5e-324"},
		     {0x7fefffffffffffff, "1.7976931348623157e+308"},
		     {0xffefffffffffffff, "-1.7976931348623157e+308"},
		     {0x4340000000000000, "9007199254740992"},
		     {0xc340000000000000, "-9007199254740992"},
		     {0x4430000000000000, "295147905179352830000"},
		     {0x44b52d02c7e14af5, "9.999999999999997e+22"},
		     {0x44b52d02c7e14af6, "1e+23"},
		     {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
		     {0x444b1ae4d6e2ef4e, "999999999999999700000"},
		     {0x444b1ae4d6e2ef4f, "999999999999999900000"},
		     {0x444b1ae4d6e2ef50, "1e+21"},
		     {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
		     {0x3eb0c6f7a0b5ed8d, "0.000001"},
		     {0x41b3de4355555553, "333333333.3333332"},
		     {0x41b3de4355555554, "333333333.33333325"},
		     {0x41b3de4355555555, "333333333.3333333"},
		     {0x41b3de4355555556, "333333333.3333334"},
		     {0x41b3de4355555557, "333333333.33333343"},
		     {0xbecbf647612f3696, "-0.0000033333333333333333"},
		     {0x43143ff3c1cb0959, "1424953923781206.2"}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		double x;
		char text[32];
		memcpy(&x, &cases[i].bits, sizeof x);
		json_number_text(text, x);
		assert_string_equal(text, cases[i].text);
	}
}

static void add_number(EVP_MD_CTX *c, uint64_t bits)
{
	double x;
	char text[32];
	memcpy(&x, &bits, sizeof x);
	if (!isfinite(x))
		return;
	json_number_text(text, x);
	EVP_DigestUpdate(c, text, strlen(text));
	EVP_DigestUpdate(c, "\n", 1);
}

/* The SHA-256 is of what an ECMAScript engine (V8) prints for the same numbers: 50,000 of a xorshift
 * generator, and each power of two with its two neighbours, where shortest digits are hardest. */
static void numbers_are_as_ecmascript_prints_them(void **state)
{
	(void)state;
	static const uint8_t expected[32] = {0x70, 0x39, 0x34, 0xc2, 0x3f, 0x95, 0xba, 0x04, 0xf5, 0xe6, 0x41,
					     0x1a, 0xc9, 0xdf, 0x99, 0x3d, 0x10, 0xc1, 0xc3, 0x1f, 0x49, 0x7b,
					     0x3d, 0x83, 0x36, 0x57, 0xa1, 0x9a, 0x34, 0x37, 0xb8, 0xae};
	uint8_t got[32];
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	EVP_DigestInit_ex(c, EVP_sha256(), NULL);

	uint64_t s = 88172645463325252;
	for (int i = 0; i < 50000; i++) {
		s ^= s << 13;
		s ^= s >> 7;
		s ^= s << 17;
		add_number(c, s);
	}

	for (uint64_t e = 0; e < 2047; e++) {
		add_number(c, e << 52);
		add_number(c, e << 52 | 1);
		add_number(c, e << 52 | 0xfffffffffffff);
	}

	EVP_DigestFinal_ex(c, got, NULL);
	EVP_MD_CTX_free(c);
	assert_memory_equal(got, expected, sizeof got);
}

static void floats_are_as_short_as_can_be(void **state)
{
	(void)state;
	char text[32];
	json_float_text(text, 0.1f);
	assert_string_equal(text, "0.1");
	json_float_text(text, -16777216.0f);
	assert_string_equal(text, "-16777216");
	json_float_text(text, 1e-45f);
	assert_string_equal(text, "1e-45");
	json_float_text(text, 3.4028234663852886e38f);
	assert_string_equal(text, "3.4028235e+38");

	for (uint32_t bits = 1; bits < 0x7f800000; bits += 65521) {
		float x;
		memcpy(&x, &bits, sizeof x);
		json_float_text(text, x);
		assert_true(strtof(text, NULL) == x);
		size_t first = strspn(text, "0."), digits = 0;
		for (size_t i = first; text[i] && text[i] != 'e'; i++)
			digits += text[i] != '.';
		assert_true(digits <= 9 || text[strlen(text) - 1] == '0');
	}
}

static void refuses(const char *text, size_t n_bytes, const char *why)
{
	struct error e = {0};
	json_t *value = json_read(text, n_bytes, "file.json", &e);
	if (value)
		fail_msg("accepted: %s", text);
	if (!strstr(e.text, why) || strncmp(e.text, "file.json", 9))
		fail_msg("'%s' for %s: expected '%s'", e.text, text, why);
}

static void what_is_not_strict_json_is_refused(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"", "file.json:1"},
		{"{\"a\":1,\"a\":2}", "duplicate"},
		{"[1] 2", "end of file expected"},
		{"{\"a\":NaN}", "invalid token"},
		{"[1e999]", "overflow"},
		{"[01]", "file.json:1"},
		{"[1,]", "file.json:1"},
		{"{'a':1}", "file.json:1"},
		{"\"\\u0000\"", "\\u0000"},
		{"\"\\ud800\"", "file.json:1"},
		{"\"\xff\"", "unable to decode"},
		{"\"\xc0\x80\"", "unable to decode"},
		{"\"a\nb\"", "unexpected newline"},
		{"[9007199254740993]", "2^53"},
		{"{\"a\":[{\"b\":-9223372036854775808}]}", "2^53"},
		{"[1234567890123456789012345]", "2^53"},
		{"[1", "file.json:1"},
		{"{\"a\":1,\n\"b\":}", "file.json:2"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		refuses(cases[i][0], strlen(cases[i][0]), cases[i][1]);
	refuses("\"a\0b\"", 5, "control character");
	refuses("[1]\0", 4, "file.json:1");
}

static void large_doubles_are_read_back(void **state)
{
	(void)state;
	is("[1e20,9007199254740994,-9007199254740992,3,{\"a\":2.0}]",
	   "[100000000000000000000,9007199254740994,-9007199254740992,3,{\"a\":2}]");
	is("[100000000000000000000,1,0.5]", "[100000000000000000000,1,0.5]");
	struct error e = {0};
	json_t *value = json_read("[100000000000000000000,1]", 25, "test", &e);
	assert_true(json_is_real(json_array_get(value, 0)));
	assert_true(json_is_integer(json_array_get(value, 1)));
	json_decref(value);
}

static void nesting_ends_at_64(void **state)
{
	(void)state;
	char text[200];
	struct error e = {0};
	memset(text, '[', 64);
	memset(text + 64, ']', 64);
	json_t *value = json_read(text, 128, "test", &e);
	assert_non_null(value);
	json_decref(value);
	memset(text, '[', 65);
	memset(text + 65, ']', 65);
	assert_null(json_read(text, 130, "test", &e));
	assert_non_null(strstr(e.text, "deeper than 64"));
	is("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[\"]",
	   "[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[\"]");
}

static void a_value_is_appended_once(void **state)
{
	(void)state;
	json_t *list = json_array(), *a = json_string("a"), *other = json_string("a"), *b = json_integer(2);
	assert_true(json_append_once(list, a));
	assert_false(json_append_once(list, other));
	assert_true(json_append_once(list, b));
	assert_false(json_append_once(list, NULL));
	assert_int_equal(json_array_size(list), 2);
	json_decref(list);
	json_decref(a);
	json_decref(other);
	json_decref(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_appended_once),
		cmocka_unit_test(the_examples_of_rfc_8785_come_out),
		cmocka_unit_test(control_characters_are_escaped_the_one_way),
		cmocka_unit_test(the_numbers_of_rfc_8785_come_out),
		cmocka_unit_test(numbers_are_as_ecmascript_prints_them),
		cmocka_unit_test(floats_are_as_short_as_can_be),
		cmocka_unit_test(what_is_not_strict_json_is_refused),
		cmocka_unit_test(large_doubles_are_read_back),
		cmocka_unit_test(nesting_ends_at_64),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
