#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "remote/reply.h"

static struct reply read_lines(const char *const *lines)
{
	struct reply r = {0};
	for (; *lines; lines++)
		assert_int_equal(reply_line(&r, *lines, strlen(*lines)), 0);
	return r;
}

#define REPLY(...) read_lines((const char *const[]){"HTTP/1.1 206 x\r\n", __VA_ARGS__, NULL})
#define OLD	   "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
#define NOW	   "Date: Sun, 06 Nov 1994 09:49:37 GMT\r\n"

static void a_strong_etag_is_a_validator(void **state)
{
	(void)state;
	struct reply r = REPLY("ETag: \"a b\"\r\n", OLD, NOW);
	assert_string_equal(reply_validator(&r), "\"a b\"");
	r = REPLY("etag:\"x\"");
	assert_string_equal(reply_validator(&r), "\"x\"");
}

static void what_does_not_tell_two_versions_apart_is_none(void **state)
{
	(void)state;
	struct reply r = REPLY("ETag: W/\"a\"\r\n");
	assert_string_equal(reply_validator(&r), "");
	r = REPLY("ETag: W/\"a\"\r\n", OLD, NOW);
	assert_string_equal(reply_validator(&r), "Sun, 06 Nov 1994 08:49:37 GMT");
	r = REPLY(OLD); /* no Date: as old as anything */
	assert_string_equal(reply_validator(&r), "");
	r = REPLY(OLD, "Date: Sun, 06 Nov 1994 08:50:00 GMT\r\n"); /* too fresh */
	assert_string_equal(reply_validator(&r), "");
	r = REPLY("ETag: \"a\"\r\n", "ETag: \"b\"\r\n", OLD, NOW);
	assert_string_equal(reply_validator(&r), "");
	r = REPLY("ETag: \"a\rX: y\"\r\n", OLD, NOW); /* would be sent back as two lines */
	assert_string_equal(reply_validator(&r), "");
}

static void a_long_validator_is_none(void **state)
{
	(void)state;
	char line[REPLY_VALUE + 64] = "ETag: \"";
	memset(line + 7, 'a', REPLY_VALUE);
	strcpy(line + 7 + REPLY_VALUE, "\"\r\n");
	struct reply r = REPLY(line);
	assert_string_equal(reply_validator(&r), "");
}

static void a_redirect_s_fields_are_not_the_file_s(void **state)
{
	(void)state;
	struct reply r = REPLY("ETag: \"a\"\r\n", "Content-Length: 5\r\n", "\r\n", "HTTP/1.1 200 OK\r\n",
			       "ETag: \"b\"\r\n");
	assert_string_equal(reply_validator(&r), "\"b\"");
	assert_int_equal(r.length, -1);
}

static void the_rest_is_what_begins_where_we_are_and_has_the_name_we_know(void **state)
{
	(void)state;
	struct reply r = REPLY("ETag: \"a\"\r\n", "Content-Range: bytes 5-9/10\r\n", "Content-Length: 5\r\n");
	assert_true(reply_is_rest(&r, "\"a\"", 5, 10));
	assert_true(reply_is_rest(&r, "\"a\"", 5, -1));
	assert_false(reply_is_rest(&r, "\"b\"", 5, 10));
	assert_false(reply_is_rest(&r, "\"a\"", 4, 10));
	assert_false(reply_is_rest(&r, "\"a\"", 5, 11));
	assert_false(reply_is_rest(&r, "", 5, 10));

	r = REPLY("Content-Range: bytes 5-9/10\r\n"); /* whose? */
	assert_false(reply_is_rest(&r, "\"a\"", 5, 10));
	assert_true(reply_is_rest(&r, "Sun, 06 Nov 1994 08:49:37 GMT", 5, 10));
	r = REPLY("Content-Range: bytes 5-9/10\r\n", OLD);
	assert_true(reply_is_rest(&r, "Sun, 06 Nov 1994 08:49:37 GMT", 5, 10));
	assert_false(reply_is_rest(&r, "Sun, 06 Nov 1994 08:49:38 GMT", 5, 10));
}

static void a_range_that_contradicts_itself_is_none(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"bytes 5-4/10",	     "bytes 5-10/10",
		"bytes 5-9/*",	     "bytes */10",
		"bytes +5-9/10",     "bytes 5-9/10 ",
		"bytes -5-9/10",     "bytes 5-99999999999999999999/99999999999999999999",
		"lines 5-9/10",	     "bytes 5-9",
		"bytes 0x5-0x9/0xa", ""};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct reply r = {0};
		char line[128] = "Content-Range: ";
		strcat(line, bad[i]);
		reply_line(&r, "HTTP/1.1 206 x", 14);
		reply_line(&r, "ETag: \"a\"", 9);
		reply_line(&r, line, strlen(line));
		if (strcmp(bad[i], "bytes 5-9/10 "))
			assert_false(reply_is_rest(&r, "\"a\"", 5, -1));
	}

	struct reply r = REPLY("ETag: \"a\"\r\n", "Content-Range: bytes 5-9/10\r\n", "Content-Length: 6\r\n");
	assert_false(reply_is_rest(&r, "\"a\"", 5, 10));
	r = REPLY("ETag: \"a\"\r\n", "Content-Range: bytes 5-9/10\r\n", "Content-Range: bytes 5-9/10\r\n");
	assert_true(r.is_torn);
	r = REPLY("Content-Length: 5\r\n", "Content-Length: 6\r\n");
	assert_true(r.is_torn);
}

static void patience_is_bounded(void **state)
{
	(void)state;
	struct reply r = REPLY("Retry-After: 7\r\n");
	assert_int_equal(r.retry_after_s, 7);
	r = REPLY("Retry-After: 999999999\r\n");
	assert_int_equal(r.retry_after_s, REPLY_LONGEST_S);
	r = REPLY("Retry-After: -1\r\n");
	assert_int_equal(r.retry_after_s, 0);
}

static void heads_end_somewhere(void **state)
{
	(void)state;
	struct reply r = {0};
	char line[1001] = "X: ";
	size_t n = 0;
	memset(line + 3, 'y', sizeof line - 4);
	while (reply_line(&r, line, 1000) == 0 && n < 2 * REPLY_MOST_BYTES)
		n += 1000;
	assert_in_range(n, REPLY_MOST_BYTES - 1000, REPLY_MOST_BYTES);
	reply_line(&r, "HTTP/1.1 200 OK", 15); /* also across redirects */
	assert_int_equal(reply_line(&r, line, 1000), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_strong_etag_is_a_validator),
		cmocka_unit_test(what_does_not_tell_two_versions_apart_is_none),
		cmocka_unit_test(a_long_validator_is_none),
		cmocka_unit_test(a_redirect_s_fields_are_not_the_file_s),
		cmocka_unit_test(the_rest_is_what_begins_where_we_are_and_has_the_name_we_know),
		cmocka_unit_test(a_range_that_contradicts_itself_is_none),
		cmocka_unit_test(patience_is_bounded),
		cmocka_unit_test(heads_end_somewhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
