/* Lead names and the stored form of a label. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ecg/fold.h"
#include "ecg/label.h"
#include "ecg/lead.h"

static void lead_is_found_in_any_case(void **state)
{
	(void)state;
	assert_int_equal(lead_index("AVR"), 3);
	assert_int_equal(lead_index("aVL"), 4);
	assert_int_equal(lead_index("v6"), 11);
	assert_int_equal(lead_index("MDC_ECG_LEAD_AVF"), 5);
	assert_int_equal(lead_index("ECG V1"), 6);
	assert_int_equal(lead_index("EKG-II"), 1);
	assert_int_equal(lead_index("Lead III"), 2);
	assert_int_equal(lead_index("ECGI"), -1);
	assert_int_equal(lead_index("Lead"), -1);
	assert_int_equal(lead_index("MLII"), -1);
	assert_int_equal(lead_index(""), -1);
	for (int i = 0; i < LEADS; i++)
		assert_int_equal(lead_index(lead_names[i]), i);
}

static void label_survives_its_stored_form(void **state)
{
	(void)state;
	struct label a = {.patient = UINT64_C(0x0102030405060708),
			  .fold = 10,
			  .classes = 0x80000001,
			  .age = 62.5f,
			  .sex = -1,
			  .codes = {UINT64_MAX, 1},
			  .reserved = 0},
		     b;
	uint8_t bytes[LABEL_BYTES];
	label_encode(bytes, &a);
	label_decode(&b, bytes);
	assert_int_equal(b.patient, a.patient);
	assert_int_equal(b.fold, 10);
	assert_int_equal(b.classes, a.classes);
	assert_true(b.age == a.age);
	assert_int_equal(b.sex, -1);
	assert_memory_equal(b.codes, a.codes, sizeof a.codes);
}

static void label_is_little_endian(void **state)
{
	(void)state;
	struct label a = {.patient = 1, .fold = 2};
	uint8_t bytes[LABEL_BYTES];
	label_encode(bytes, &a);
	assert_int_equal(bytes[0], 1);
	assert_int_equal(bytes[8], 2);
	for (int i = 12; i < LABEL_BYTES; i++)
		assert_int_equal(bytes[i], 0);
}

static void every_fold_has_one_purpose(void **state)
{
	(void)state;
	for (uint32_t fold = 0; fold < 13; fold++) {
		int purposes = fold_trains(fold) + (fold == FOLD_VALIDATION) + (fold == FOLD_TEST);
		assert_int_equal(purposes, fold_is(fold));
	}
	assert_true(fold_trains(1) && fold_trains(8) && fold_is(10) && !fold_is(0) && !fold_is(11));
}

static void a_rotation_keeps_the_order_of_folds(void **state)
{
	(void)state;
	for (uint32_t tested = 1; tested <= FOLDS; tested++) {
		assert_int_equal(fold_rotated(tested, tested), FOLD_TEST);
		for (uint32_t f = 1; f <= FOLDS; f++)
			assert_int_equal(fold_rotated(f % FOLDS + 1, tested),
					 fold_rotated(f, tested) % FOLDS + 1);
	}
	for (uint32_t f = 0; f <= FOLDS + 1; f++)
		assert_int_equal(fold_rotated(f, FOLD_TEST), f);
}

static void a_sealed_fold_takes_no_part_and_leaves_no_gap(void **state)
{
	(void)state;
	for (uint32_t tested = 1; tested <= FOLDS; tested++)
		for (uint32_t sealed = 1; sealed <= FOLDS; sealed++) {
			if (sealed == tested)
				continue;
			unsigned met = 0;
			for (uint32_t f = 1; f <= FOLDS; f++)
				met |= 1U << fold_rotated_without(f, tested, sealed);
			assert_int_equal(met, 0x7fd); /* 0 and 2 to 10 */
			assert_int_equal(fold_rotated_without(sealed, tested, sealed), 0);
			assert_int_equal(fold_rotated_without(tested, tested, sealed), FOLD_TEST);
		}
	/* What stands before the tested one chooses, whether or not the sealed one lay between. */
	assert_int_equal(fold_rotated_without(9, 1, 10), FOLD_VALIDATION);
	assert_int_equal(fold_rotated_without(3, 4, 10), FOLD_VALIDATION);
	assert_int_equal(fold_rotated_without(3, 4, 0), FOLD_VALIDATION);
	assert_int_equal(fold_rotated_without(0, 4, 10), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sealed_fold_takes_no_part_and_leaves_no_gap),
		cmocka_unit_test(lead_is_found_in_any_case),
		cmocka_unit_test(label_survives_its_stored_form),
		cmocka_unit_test(label_is_little_endian),
		cmocka_unit_test(every_fold_has_one_purpose),
		cmocka_unit_test(a_rotation_keeps_the_order_of_folds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
