#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/die.h"
#include "common/nearest.h"
#include "common/params.h"
#include "common/schema.h"

static const struct param table[] = {
	{"epochs", PARAM_INT, .unit = "epochs", .min = 1, .max = 1000, .otherwise = "20",
	 .help = "passes over the records"},
	{"tau", PARAM_FLOAT, .min = 0.01, .max = 10, .otherwise = "0.10", .help = "temperature"},
	{"mask", PARAM_BOOL, .otherwise = "true", .help = "mask leads"},
	{"name", PARAM_TEXT, .otherwise = "", .help = "a text"},
	{"strategy", PARAM_CHOICE, .choices = "halves interleaved", .otherwise = "halves", .help = "views"},
	{"leads", PARAM_LIST, .otherwise = "[I, 'aVR']", .help = "leads"},
	{"source", PARAM_PATH, .otherwise = "''", .help = "where from"},
	{"minutes", PARAM_INT, .otherwise = "5", .help = "between checkpoints", .not_in_key = true},
	{0}};

static struct params *from(const char *text)
{
	struct error e = {0};
	struct params *p = params_from_text(text, table, &e);
	if (!p)
		fail_msg("%s", error_text(&e));
	return p;
}

static void defaults_are_filled_in(void **state)
{
	(void)state;
	struct params *p = from("");
	const char *const *leads;
	assert_int_equal(params_int(p, "epochs"), 20);
	assert_true(params_float(p, "tau") == 0.1);
	assert_true(params_bool(p, "mask"));
	assert_string_equal(params_text(p, "name"), "");
	assert_string_equal(params_text(p, "strategy"), "halves");
	assert_string_equal(params_text(p, "source"), "");
	assert_int_equal(params_list(p, "leads", &leads), 2);
	assert_string_equal(leads[0], "I");
	assert_string_equal(leads[1], "aVR");
	params_close(p);
}

static void assignments_replace_defaults(void **state)
{
	(void)state;
	struct params *p =
		from(" epochs=3  leads=[V1, V2,V3] tau=1e-1 mask=false source='my file'\tname=\"a=b c\"");
	const char *const *leads;
	assert_int_equal(params_int(p, "epochs"), 3);
	assert_int_equal(params_list(p, "leads", &leads), 3);
	assert_string_equal(leads[1], "V2");
	assert_false(params_bool(p, "mask"));
	assert_string_equal(params_text(p, "source"), "my file");
	assert_string_equal(params_text(p, "name"), "a=b c");
	params_close(p);
}

static void refuses(const char *text, const char *message)
{
	struct error e = {0};
	assert_null(params_from_text(text, table, &e));
	assert_string_equal(error_text(&e), message);
}

static void wrong_values_are_named_with_what_is_expected(void **state)
{
	(void)state;
	refuses("epochs=0", "epochs: expected an integer from 1 to 1000 epochs, got '0'");
	refuses("epochs=1.5", "epochs: expected an integer from 1 to 1000 epochs, got '1.5'");
	refuses("epochs=100x", "epochs: expected an integer from 1 to 1000 epochs, got '100x'");
	refuses("epochs=010", "epochs: expected an integer from 1 to 1000 epochs, got '010'");
	refuses("epochs='3'", "epochs: expected an integer from 1 to 1000 epochs, got '3'");
	refuses("tau=0,1", "tau: expected a number from 0.01 to 10, got '0,1'");
	refuses("tau=nan", "tau: expected a number from 0.01 to 10, got 'nan'");
	refuses("tau=1e999", "tau: expected a number from 0.01 to 10, got '1e999'");
	refuses("tau=11", "tau: expected a number from 0.01 to 10, got '11'");
	refuses("mask=yes", "mask: expected true or false, got 'yes'");
	refuses("strategy=half", "strategy: expected one of: halves interleaved, got 'half'");
	refuses("strategy='halves interleaved'", "strategy: expected one of: halves interleaved, got 'halves "
						 "interleaved'; did you mean 'interleaved'?");
	refuses("leads=I", "leads: expected a list like [a, b], got 'I'");
	refuses("leads=[I,,II]", "leads: expected a list like [a, b], got '[I,,II]'");
	refuses("name=", "name: expected a text, got ''");
	refuses("name=null", "name: expected a text, got 'null'");
	refuses("minutes=9007199254740994", "minutes: expected an integer, got '9007199254740994'");
	refuses("other=1", "unknown parameter 'other'");
	refuses("epochs",
		"expected name=value, got 'epochs'; no blanks around =, and a value with blanks stands in "
		"quotes: name='a b'");
	refuses("name='a", "name: the quote ' is not closed");
}

static void a_parameter_without_default_must_be_given(void **state)
{
	(void)state;
	static const struct param strict[] = {{"seed", PARAM_INT, .help = "of the draws"}, {0}};
	struct error e = {0};
	assert_null(params_from_text("", strict, &e));
	assert_string_equal(error_text(&e), "seed must be given: of the draws");
	e.text[0] = '\0';
	struct params *p = params_from_text("seed=-7", strict, &e);
	assert_int_equal(params_int(p, "seed"), -7);
	params_close(p);
}

static void the_key_holds_what_can_change_the_result(void **state)
{
	(void)state;
	struct params *p = from("source=/data/x.zip minutes=9");
	json_t *key = params_key(p);
	assert_null(json_object_get(key, "source"));
	assert_null(json_object_get(key, "minutes"));
	assert_int_equal(json_object_size(key), 6);
	assert_int_equal(json_object_size(params_json(p)), 8);
	json_decref(key);
	params_close(p);
}

static struct params *open_text(const char *text, struct error *e)
{
	char path[] = "/tmp/paramsXXXXXX";
	FILE *f = fdopen(mkstemp(path), "w");
	fputs(text, f);
	fclose(f);
	struct params *p = params_open(path, table, e);
	unlink(path);
	return p;
}

static void a_slice_reads_back(void **state)
{
	(void)state;
	struct error e = {0};
	/* 1 is how canonical JSON writes the float 1.0. */
	struct params *p = open_text("{\"epochs\":7,\"leads\":[],\"mask\":false,\"minutes\":5,\"name\":\"n\","
				     "\"source\":\"\",\"strategy\":\"interleaved\",\"tau\":1}",
				     &e);
	assert_non_null(p);
	const char *const *leads;
	assert_int_equal(params_int(p, "epochs"), 7);
	assert_true(params_float(p, "tau") == 1.0);
	assert_int_equal(params_list(p, "leads", &leads), 0);
	params_close(p);
}

static void a_foreign_slice_is_refused(void **state)
{
	(void)state;
	static const char *const slices[] = {
		"",
		"[]",
		"{}",
		"{\"epochs\":7}",
		"{\"epochs\":7,\"epochs\":7}",
		"{\"epochs\":7,\"leads\":[],\"mask\":false,\"minutes\":5,\"name\":\"n\",\"source\":\"\","
		"\"strategy\":"
		"\"interleaved\",\"tau\":1,\"extra\":1}",
		"{\"epochs\":7,\"leads\":[1],\"mask\":false,\"minutes\":5,\"name\":\"n\",\"source\":\"\","
		"\"strategy\":"
		"\"interleaved\",\"tau\":1}",
		"{\"epochs\":7.5,\"leads\":[],\"mask\":false,\"minutes\":5,\"name\":\"n\",\"source\":\"\","
		"\"strategy\":"
		"\"interleaved\",\"tau\":1}",
		"{\"epochs\":7,\"leads\":[],\"mask\":false,\"minutes\":5,\"name\":\"n\",\"source\":\"\","
		"\"strategy\":"
		"\"none\",\"tau\":1}",
	};

	for (size_t i = 0; i < sizeof slices / sizeof *slices; i++) {
		struct error e = {0};
		assert_null(open_text(slices[i], &e));
		assert_true(e.text[0] != '\0');
	}

	struct error e = {0};
	assert_null(params_open("/nonexistent/slice.json", table, &e));
	assert_non_null(strstr(e.text, "/nonexistent/slice.json"));
}

static void a_description_reads_back_as_the_table(void **state)
{
	(void)state;
	struct error e = {0};
	json_t *description = params_describe(table);
	struct param *copy = schema_read(description, "test.json", &e);
	assert_non_null(copy);
	json_t *again = params_describe(copy);
	assert_true(json_equal(description, again));
	json_decref(again);
	schema_free(copy);
	json_decref(description);
}

static void the_help_names_meaning_limits_and_default(void **state)
{
	(void)state;
	char *help = schema_help(table, "pretrain");
	assert_non_null(strstr(help, "section pretrain"));
	assert_non_null(strstr(help,
			       "  epochs                 passes over the records\n"
			       "                           an integer from 1 to 1000 epochs; default 20\n"));
	assert_non_null(strstr(help, "one of: halves interleaved; default halves\n"));
	assert_non_null(strstr(help, "a text; default ''\n"));
	free(help);
}

static void a_damaged_description_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"{}", "[1]", "[{\"name\":\"x\"}]",
					    "[{\"name\":\"x\",\"type\":\"complex\"}]",
					    "[{\"name\":\"x\",\"type\":\"choice\"}]"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct error e = {0};
		json_t *description = json_loads(texts[i], 0, NULL);
		assert_non_null(description);
		assert_null(schema_read(description, "test.json", &e));
		assert_non_null(strstr(e.text, "test.json"));
		json_decref(description);
	}
}

static void the_nearest_name_is_found(void **state)
{
	(void)state;
	static const char *const names[] = {"temperature", "epochs", "seed"};
	assert_string_equal(nearest_name("temprature", names, 3), "temperature");
	assert_string_equal(nearest_name("epcohs", names, 3), "epochs");
	assert_string_equal(nearest_name("sed", names, 3), "seed");
	assert_null(nearest_name("width", names, 3));
	assert_null(nearest_name("", names, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_filled_in),
		cmocka_unit_test(assignments_replace_defaults),
		cmocka_unit_test(wrong_values_are_named_with_what_is_expected),
		cmocka_unit_test(a_parameter_without_default_must_be_given),
		cmocka_unit_test(the_key_holds_what_can_change_the_result),
		cmocka_unit_test(a_slice_reads_back),
		cmocka_unit_test(a_foreign_slice_is_refused),
		cmocka_unit_test(a_description_reads_back_as_the_table),
		cmocka_unit_test(the_help_names_meaning_limits_and_default),
		cmocka_unit_test(a_damaged_description_is_refused),
		cmocka_unit_test(the_nearest_name_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
