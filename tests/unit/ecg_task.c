/* Which classes a record has under each task. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "ecg/statements.h"
#include "ecg/task.h"

/* NDT is diagnostic and form; ASMI and AMI share a subclass; SR is rhythm alone. */
static const char table_text[] =
	"{\"NORM\":{\"class\":\"NORM\",\"subclass\":\"NORM\",\"diagnostic\":true},"
	"\"ASMI\":{\"class\":\"MI\",\"subclass\":\"AMI\",\"diagnostic\":true,\"form\":false},"
	"\"AMI\":{\"class\":\"MI\",\"subclass\":\"AMI\",\"diagnostic\":true},"
	"\"NDT\":{\"class\":\"STTC\",\"subclass\":\"STTC\",\"diagnostic\":true,\"form\":true},"
	"\"BARE\":{\"class\":\"STTC\",\"diagnostic\":true},"
	"\"PVC\":{\"diagnostic\":false,\"subclass\":\"PVC\",\"form\":true},"
	"\"SR\":{\"diagnostic\":false,\"rhythm\":true}}";
static const char codes_text[] = "{\"ASMI\":0,\"NDT\":100,\"SR\":0,\"BARE\":50}";

struct fixture {
	json_t *table, *classes;
	struct label label;
};

static int set_up(void **state)
{
	static struct fixture f;
	struct error e = {0};
	f.table = json_loads(table_text, 0, NULL);
	f.classes = json_loads("[\"NORM\",\"MI\",\"STTC\"]", 0, NULL);
	json_t *codes = json_loads(codes_text, 0, NULL);
	struct statements *s = statements_open(f.table, f.classes, &e);
	if (!s || statements_label(s, codes, "r", &f.label.classes, f.label.codes, &e) < 0)
		return -1;
	statements_close(s);
	json_decref(codes);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	json_decref(f->table);
	json_decref(f->classes);
	return 0;
}

/* "AMI+ NORM-": the task's classes in order, and whether the record has them. */
static const char *shown(const struct fixture *f, const char *name)
{
	static char out[256];
	struct error e = {0};
	struct task *t = task_open(name, f->classes, f->table, &e);
	size_t n = 0;
	snprintf(out, sizeof out, "%s", t ? "" : error_text(&e));
	if (!t)
		return out;
	for (int c = 0; c < task_count(t); c++)
		n += (size_t)snprintf(out + n, sizeof out - n, "%s%s%c", c ? " " : "", task_name(t, c),
				      task_has(t, &f->label, c) ? '+' : '-');
	task_close(t);
	return out;
}

static void each_task_has_its_classes(void **state)
{
	assert_string_equal(shown(*state, "superclass"), "NORM- MI+ STTC+");
	assert_string_equal(shown(*state, "all"), "AMI- ASMI+ BARE+ NDT+ NORM- PVC- SR+");
	assert_string_equal(shown(*state, "diagnostic"), "AMI- ASMI+ BARE+ NDT+ NORM-");
	assert_string_equal(shown(*state, "form"), "NDT+ PVC-");
	assert_string_equal(shown(*state, "rhythm"), "SR+");
}

static void a_subclass_gathers_its_diagnostic_statements(void **state)
{
	assert_string_equal(shown(*state, "subdiagnostic"), "AMI+ NORM- STTC+");
}

static void superclasses_need_no_statements(void **state)
{
	struct fixture *f = *state;
	struct error e = {0};
	const struct label l = {.classes = 2};
	struct task *t = task_open("superclass", f->classes, NULL, &e);
	assert_non_null(t);
	assert_int_equal(task_count(t), 3);
	assert_false(task_has(t, &l, 0));
	assert_true(task_has(t, &l, 1));
	task_close(t);
}

static void statements_past_the_first_word_count(void **state)
{
	(void)state;
	struct error e = {0};
	json_t *table = json_object(), *classes = json_array();
	char code[8];

	for (int i = 0; i < STATEMENTS_MAX; i++) {
		snprintf(code, sizeof code, "S%03d", i);
		json_object_set_new(table, code, json_pack("{s:b,s:b}", "diagnostic", 0, "form", 1));
	}

	struct task *t = task_open("form", classes, table, &e);
	assert_non_null(t);
	assert_int_equal(task_count(t), STATEMENTS_MAX);

	for (int i = 0; i < STATEMENTS_MAX; i++) {
		struct label l = {0};
		l.codes[i / 64] = UINT64_C(1) << (i % 64);
		for (int c = 0; c < STATEMENTS_MAX; c++)
			assert_int_equal(task_has(t, &l, c), c == i);
	}

	task_close(t);
	json_decref(table);
	json_decref(classes);
}

static void what_cannot_be_asked_is_refused(void **state)
{
	struct fixture *f = *state;
	struct error e = {0}, other = {0};
	assert_string_equal(shown(f, "rythm"), "task: 'rythm' is none of: superclass all diagnostic "
					       "subdiagnostic form rhythm");
	assert_null(task_open("rhythm", f->classes, NULL, &e));
	assert_non_null(strstr(error_text(&e), "task: 'rhythm' is made of PTB-XL's statements"));
	json_t *table = json_pack("{s:{s:b,s:i}}", "SR", "diagnostic", 0, "rhythm", 1);
	assert_null(task_open("rhythm", f->classes, table, &other));
	assert_string_equal(error_text(&other), "statements: SR: member 'rhythm' must be true or false");
	json_decref(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_task_has_its_classes),
		cmocka_unit_test(a_subclass_gathers_its_diagnostic_statements),
		cmocka_unit_test(superclasses_need_no_statements),
		cmocka_unit_test(statements_past_the_first_word_count),
		cmocka_unit_test(what_cannot_be_asked_is_refused),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
