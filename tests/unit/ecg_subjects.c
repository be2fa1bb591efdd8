/* From a subject's JSON to its label. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "ecg/identifier.h"
#include "ecg/subjects.h"

static const char statements_text[] =
	"{\"NORM\":{\"class\":\"NORM\",\"diagnostic\":true},\"IMI\":{\"class\":\"MI\",\"diagnostic\":true},"
	"\"SR\":{\"class\":\"\",\"diagnostic\":false}}";

struct fixture {
	json_t *statements, *classes;
	struct subjects *subjects;
};

static int set_up(void **state)
{
	static struct fixture f;
	struct error e = {0};
	f.statements = json_loads(statements_text, 0, NULL);
	f.classes = json_loads("[\"NORM\",\"MI\",\"STTC\"]", 0, NULL);
	f.subjects = subjects_open(f.statements, f.classes, &e);
	*state = &f;
	return f.subjects ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	subjects_close(f->subjects);
	json_decref(f->statements);
	json_decref(f->classes);
	return 0;
}

static int label_of(struct label *l, const struct fixture *f, uint64_t record, const char *text,
		    struct error *e)
{
	json_t *subject = json_loads(text, 0, NULL);
	assert_non_null(subject);
	int result = subjects_label(f->subjects, l, record, subject, e);
	json_decref(subject);
	return result;
}

static void known_members_are_taken(void **state)
{
	struct label l;
	assert_int_equal(label_of(&l, *state, 1,
				  "{\"patient\":\"15709\",\"age\":56.5,\"sex\":1,\"fold\":3,\"codes\":{"
				  "\"IMI\":35,\"SR\":0}}",
				  NULL),
			 0);
	assert_int_equal(l.patient, 15709);
	assert_true(l.age == 56.5f);
	assert_int_equal(l.sex, 1);
	assert_int_equal(l.fold, 3);
	assert_int_equal(l.classes, 2);	     /* MI, whatever the likelihood */
	assert_int_equal(l.codes[0], 1 | 4); /* sorted: IMI, NORM, SR */
	assert_int_equal(l.codes[1], 0);
}

static void text_patients_are_keyed(void **state)
{
	struct label a, b;
	assert_int_equal(label_of(&a, *state, 1, "{\"patient\":\"a\",\"fold\":1}", NULL), 0);
	assert_true(a.patient == identifier_key("a"));
	assert_int_equal(label_of(&b, *state, 2, "{\"patient\":\"foobar\",\"fold\":1}", NULL), 0);
	assert_true(b.patient == identifier_key("foobar"));
	assert_int_equal(label_of(&b, *state, 2, "{\"patient\":\"0017\"}", NULL), 0);
	assert_true(b.patient != 17); /* another name */
	assert_int_equal(label_of(&b, *state, 2, "{\"patient\":17}", NULL), 0);
	assert_int_equal(b.patient, 17);
}

static void unknown_members_are_marked_and_patients_stay_in_one_fold(void **state)
{
	struct label a, b;
	assert_int_equal(label_of(&a, *state, 1, "{}", NULL), 0);
	assert_int_equal(label_of(&b, *state, 2, "{\"age\":null,\"sex\":null}", NULL), 0);
	assert_true(a.patient != b.patient);
	assert_true(a.age == -1 && b.age == -1);
	assert_int_equal(a.sex, -1);
	assert_int_equal(a.classes, 0);

	unsigned folds = 0;
	for (int i = 0; i < 200; i++) {
		char text[64];
		snprintf(text, sizeof text, "{\"patient\":%d}", i);
		assert_int_equal(label_of(&a, *state, 1, text, NULL), 0);
		assert_int_equal(label_of(&b, *state, 2, text, NULL), 0);
		assert_int_equal(a.fold, b.fold);
		assert_in_range(a.fold, 1, 10);
		folds |= 1u << a.fold;
	}

	assert_int_equal(folds, 0x7fe); /* all ten occur */
}

static void classes_may_be_named(void **state)
{
	struct label l;
	assert_int_equal(label_of(&l, *state, 1, "{\"classes\":[\"STTC\",\"NORM\"]}", NULL), 0);
	assert_int_equal(l.classes, 5);
}

static void wrong_members_are_named(void **state)
{
	static const char *const wrong[][2] = {
		{"{\"patient\":[]}", "record 17: patient"},
		{"{\"patient\":\"\"}", "record 17: patient"},
		{"{\"patient\":-1}", "record 17: patient"},
		{"{\"age\":\"old\"}", "record 17: age"},
		{"{\"age\":-3}", "record 17: age"},
		{"{\"sex\":2}", "record 17: sex"},
		{"{\"fold\":11}", "record 17: fold"},
		{"{\"fold\":1.5}", "record 17: fold"},
		{"{\"id\":\"JS17\",\"sex\":2}", "record JS17: sex"},
		{"{\"codes\":{\"XYZ\":1}}", "record 17: unknown statement 'XYZ'"},
		{"{\"classes\":[\"XYZ\"]}", "record 17: classes: unknown class 'XYZ'"},
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct error e = {0};
		struct label l;
		assert_int_equal(label_of(&l, *state, 17, wrong[i][0], &e), -1);
		if (!strstr(error_text(&e), wrong[i][1]))
			fail_msg("expected \"%s\", got \"%s\"", wrong[i][1], error_text(&e));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_members_are_taken),
		cmocka_unit_test(text_patients_are_keyed),
		cmocka_unit_test(unknown_members_are_marked_and_patients_stay_in_one_fold),
		cmocka_unit_test(classes_may_be_named),
		cmocka_unit_test(wrong_members_are_named),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
