#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/die.h"
#include "common/error.h"
#include "common/printable.h"

static void becomes(const char *text, const char *expected)
{
	char *copy = die_strdup(text);
	assert_string_equal(printable(copy), expected);
	free(copy);
}

static void what_can_be_read_stays(void **state)
{
	(void)state;
	becomes("", "");
	becomes("NORM, ärztlich, \xe2\x82\xac, \xf0\x9f\x92\x93",
		"NORM, ärztlich, \xe2\x82\xac, \xf0\x9f\x92\x93");
	becomes("\xef\xbf\xbd \xed\x9f\xbf \xf4\x8f\xbf\xbf", "\xef\xbf\xbd \xed\x9f\xbf \xf4\x8f\xbf\xbf");
}

static void control_bytes_do_not(void **state)
{
	(void)state;
	becomes("a\033[2Jb", "a?[2Jb");
	becomes("\001\a\b\t\n\r\x7f", "???????");
	becomes("C1: \xc2\x9b"
		"31m",
		"C1: ??31m");
	becomes("turned: \xe2\x80\xae"
		"abc\xe2\x81\xa6",
		"turned: ???abc???");
}

static void nor_what_is_no_utf8(void **state)
{
	(void)state;
	becomes("\x9b"
		"31m",
		"?31m");
	becomes("\xff\xfe\xc3", "???");
	becomes("\xc0\x9b", "??"); /* overlong */
	becomes("\xe0\x80\x9b", "???");
	becomes("\xed\xa0\x80", "???");	     /* a surrogate */
	becomes("\xf4\x90\x80\x80", "????"); /* beyond Unicode */
	becomes("\xe2\x82", "??");	     /* ends within */
}

static void lines_of_a_table_stay(void **state)
{
	(void)state;
	char text[] = "a\tb\n\033[2J\r\n";
	assert_string_equal(printable_lines(text), "a\tb\n?[2J?\n");
}

static void errors_are_printable(void **state)
{
	(void)state;
	struct error e = {0};
	error_set(&e, "na\033me.zip", 3, "unknown '%s'", "x\ny");
	assert_string_equal(error_text(&e), "na?me.zip:3: unknown 'x?y'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_can_be_read_stays), cmocka_unit_test(control_bytes_do_not),
		cmocka_unit_test(nor_what_is_no_utf8),	  cmocka_unit_test(lines_of_a_table_stay),
		cmocka_unit_test(errors_are_printable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
