/* Strict CSV: what is read, and what is refused with file and line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ecg/csv.h"

/* Read in pieces of n_most bytes (0: all at once). */
static struct csv *open_pieces(const char *text, size_t n, size_t n_most, struct error *e)
{
	static struct reader_bytes b;
	b = (struct reader_bytes){text, n, n_most};
	return csv_open("t.csv", reader_of_bytes(&b), e);
}

static struct csv *open_text(const char *text, size_t n, struct error *e)
{
	return open_pieces(text, n, 0, e);
}

/* All fields of a text as "a|b/c|d/" or the error. */
static void read_all(char out[512], const char *text, size_t n, size_t n_most)
{
	struct error e = {0};
	struct csv *c = open_pieces(text, n, n_most, &e);
	int got = c ? 1 : -1;
	out[0] = '\0';
	while (c && (got = csv_next(c, &e)) > 0)
		for (int i = 0; i < csv_columns(c); i++) {
			strcat(out, csv_text(c, i));
			strcat(out, i + 1 < csv_columns(c) ? "|" : "/");
		}
	if (got < 0)
		strcpy(out, error_text(&e));
	csv_close(c);
}

static void reads(const char *text, const char *expected)
{
	char out[512];
	for (size_t n_most = 0; n_most < 4; n_most++) {
		read_all(out, text, strlen(text), n_most);
		assert_string_equal(out, expected);
	}
}

static void plain_rows_are_read(void **state)
{
	(void)state;
	reads("a,b\n1,2\n3,4\n", "1|2/3|4/");
	reads("a,b\n1,2", "1|2/");
	reads("a,b\r\n1,2\r\n", "1|2/");
	reads("a,b\n,1\n", "|1/");
	reads("a,b\n", "");
	reads("\xef\xbb\xbf"
	      "a\nx\n",
	      "x/");
}

static void rows_without_any_text_are_none(void **state)
{
	(void)state;
	reads("a,b\n1,2\n\n", "1|2/");
	reads("a,b\r\n\r\n1,2\r\n \t\r\n,\r\n", "1|2/");
	reads("a\n\nx\n", "x/");
	reads("a,b\n\n1\n", "t.csv:3: expected 2 columns, found 1");
}

static void quoted_fields_may_hold_anything(void **state)
{
	(void)state;
	reads("a,b\n\"x,y\",\"say \"\"so\"\"\"\n", "x,y|say \"so\"/");
	reads("a,b\n\"two\nlines\",2\n3,4\n", "two\nlines|2/3|4/");
	reads("a,b\n\"\",\"\"\n", "|/");
	reads("a\n\"x\r\ny\"\r\n", "x\r\ny/");
}

static void faults_are_named_by_line(void **state)
{
	(void)state;
	reads("a,b\n1,2\n3\n", "t.csv:3: expected 2 columns, found 1");
	reads("a,b\n\"1\n1\",2\n3,4,5\n", "t.csv:4: expected 2 columns, found 3");
	reads("a,b\n1,\"2\n3,4\n", "t.csv:2: quoted field is never closed");
	reads("a,b\n1,2\"3\n", "t.csv:2: quote inside a field that does not begin with one");
	reads("a,b\n1,\"2\"3\n", "t.csv:2: text after the closing quote of a field");
	reads("a,b\n1,2\rx\n", "t.csv:2: carriage return inside a field");
	reads("", "t.csv: empty file, expected a row of column names");
}

static void nul_byte_is_refused(void **state)
{
	(void)state;
	char out[512];
	read_all(out, "a\nx\0y\n", 6, 0);
	assert_string_equal(out, "t.csv:2: NUL byte: not a text file");
}

static void columns_are_found_by_name(void **state)
{
	(void)state;
	struct error e = {0}, twice = {0};
	static const char text[] = ",a,b,b\n0,1,2,3\n";
	struct csv *c = open_text(text, sizeof text - 1, &e);
	assert_non_null(c);
	assert_int_equal(csv_require(c, "a", &e), 1);
	assert_int_equal(csv_find(c, ""), 0);
	assert_int_equal(csv_find(c, "z"), -1);
	assert_int_equal(csv_require(c, "z", &e), -1);
	assert_string_equal(error_text(&e), "t.csv:1: no column 'z'; there are: , a, b, b");
	assert_int_equal(csv_require(c, "b", &twice), -1);
	assert_string_equal(error_text(&twice), "t.csv:1: column 'b' stands there twice");
	assert_int_equal(csv_next(c, &e), 1);
	assert_int_equal(csv_line(c), 2);
	csv_close(c);
}

static void other_separators_are_named(void **state)
{
	(void)state;
	static const char *const heads[] = {"path;label\n", "path\tlabel\n"};
	static const char *const expected[] = {"t.csv:1: no column 'path' in 'path;label': fields are "
					       "separated by semicolons; save the table with commas",
					       "t.csv:1: no column 'path' in 'path?label': fields are "
					       "separated by tabs; save the table with commas"};
	for (int i = 0; i < 2; i++) {
		struct error e = {0};
		struct csv *c = open_text(heads[i], strlen(heads[i]), &e);
		assert_int_equal(csv_require(c, "path", &e), -1);
		assert_string_equal(error_text(&e), expected[i]);
		csv_close(c);
	}
	struct error e = {0};
	char wide[1200] = "";
	for (int i = 0; i < 100; i++)
		strcat(wide, "a column,");
	struct csv *c = open_text(wide, strlen(wide), &e);
	assert_int_equal(csv_require(c, "path", &e), -1);
	assert_string_equal(error_text(&e) + strlen(error_text(&e)) - 3, "...");
	csv_close(c);
}

static void endless_fields_and_columns_are_bounded(void **state)
{
	(void)state;
	struct error e = {0}, e2 = {0};
	size_t n = CSV_FIELD + 100;
	char *text = malloc(n);
	memset(text, 'x', n);
	assert_null(open_text(text, n, &e));
	assert_non_null(strstr(error_text(&e), "longer than 1 MiB"));
	memset(text, ',', n);
	assert_null(open_text(text, n, &e2));
	assert_non_null(strstr(error_text(&e2), "more than 1024 columns"));
	free(text);
}

/* Fields that are each short enough in a row that is not. */
static void endless_rows_are_bounded(void **state)
{
	(void)state;
	struct error e = {0};
	size_t n = CSV_ROW + 100;
	char *text = malloc(n);
	memset(text, 'x', n);
	for (size_t i = 0; i < n; i += CSV_FIELD / 2)
		text[i] = ',';
	assert_null(open_text(text, n, &e));
	assert_string_equal(error_text(&e), "t.csv:1: row longer than 4 MiB");
	free(text);
}

static long fail_to_read(void *context, void *bytes, size_t n, struct error *e)
{
	struct reader_bytes *b = context;
	if (b->n_left)
		return reader_of_bytes(b).read(b, bytes, n, e);
	return error_set(e, "disk", 0, "is gone");
}

/* A file whose rest cannot be read is not taken for a whole one, wherever that is. */
static void files_that_cannot_be_read_are_refused(void **state)
{
	(void)state;
	static const char text[] = "a,b\n1,2\n\"3\",4\n";
	for (size_t n = 0; n < sizeof text; n++) {
		struct error e = {0};
		struct reader_bytes b = {text, n, 1};
		struct csv *c = csv_open("t.csv", (struct reader){fail_to_read, &b}, &e);
		while (c && csv_next(c, &e) > 0)
			;
		csv_close(c);
		assert_string_equal(error_text(&e), "disk: is gone");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_rows_are_read),
		cmocka_unit_test(rows_without_any_text_are_none),
		cmocka_unit_test(quoted_fields_may_hold_anything),
		cmocka_unit_test(faults_are_named_by_line),
		cmocka_unit_test(nul_byte_is_refused),
		cmocka_unit_test(columns_are_found_by_name),
		cmocka_unit_test(other_separators_are_named),
		cmocka_unit_test(endless_fields_and_columns_are_bounded),
		cmocka_unit_test(endless_rows_are_bounded),
		cmocka_unit_test(files_that_cannot_be_read_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
