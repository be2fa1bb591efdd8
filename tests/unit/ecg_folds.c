/* Folds drawn by iterative stratification. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ecg/folds.h"
#include "numbers/philox.h"

enum { MOST = 2000, CLASSES = 5 };

static struct folds_record records[MOST];
static char names[MOST][16];

static struct philox draws(uint64_t seed)
{
	return philox_open(seed, PURPOSE_SHUFFLE, 0, 0);
}

static void shuffle(size_t n, uint64_t seed)
{
	struct philox r = draws(seed);
	for (size_t i = n - 1; i > 0; i--) {
		size_t k = philox_below(&r, (uint32_t)i + 1);
		struct folds_record x = records[i];
		records[i] = records[k];
		records[k] = x;
	}
}

/* Records of a class, or all (c < 0), in a fold. */
static int count(size_t n, int c, int fold)
{
	int found = 0;
	for (size_t i = 0; i < n; i++)
		found += records[i].fold == fold && (c < 0 || records[i].classes >> c & 1);
	return found;
}

static int most(size_t n, int c)
{
	int x = 0;
	for (int k = 1; k <= 10; k++)
		x = count(n, c, k) > x ? count(n, c, k) : x;
	return x;
}

static int least(size_t n, int c)
{
	int x = MOST;
	for (int k = 1; k <= 10; k++)
		x = count(n, c, k) < x ? count(n, c, k) : x;
	return x;
}

/* One record per patient and one class per record: each fold has a tenth of each class, and of all, but for
 * one. */
static void single_classes_are_spread_evenly(void **state)
{
	(void)state;
	static const int size[CLASSES] = {403, 129, 57, 12, 3};
	size_t n = 0;
	for (int c = 0; c < CLASSES; c++)
		for (int i = 0; i < size[c]; i++, n++) {
			snprintf(names[n], sizeof names[n], "P%zu", n);
			records[n] = (struct folds_record){names[n], 1u << c, 0};
		}
	folds_draw(records, n);
	for (int c = -1; c < CLASSES; c++)
		assert_true(most(n, c) - least(n, c) <= 1);
}

/* Patients of 1 to 9 records of several classes. */
static size_t make_families(uint64_t seed)
{
	struct philox r = draws(seed);
	size_t n = 0;
	for (int p = 0; p < 300; p++)
		for (uint32_t i = 1 + philox_below(&r, 3) * philox_below(&r, 5); i && n < MOST; i--, n++) {
			snprintf(names[n], sizeof names[n], "P%d", p);
			records[n] = (struct folds_record){names[n], 0, 0};
			for (int c = 0; c < CLASSES; c++)
				records[n].classes |= (uint32_t)(philox_below(&r, 4u << c) == 0) << c;
		}
	return n;
}

static int compare(const void *a, const void *b)
{
	const struct folds_record *x = a, *y = b;
	int order = strcmp(x->patient, y->patient);
	return order ? order : (x->classes > y->classes) - (x->classes < y->classes);
}

static void patients_stay_whole_and_their_classes_are_spread(void **state)
{
	(void)state;
	size_t n = make_families(1);
	folds_draw(records, n);
	qsort(records, n, sizeof *records, compare);
	for (size_t i = 1; i < n; i++)
		if (!strcmp(records[i].patient, records[i - 1].patient))
			assert_int_equal(records[i].fold, records[i - 1].fold);
	assert_true(most(n, -1) - least(n, -1) <= 9); /* a patient's */
	for (int c = 0; c < CLASSES; c++)
		assert_true(most(n, c) - least(n, c) <= 3);
}

static void the_order_of_records_does_not_matter(void **state)
{
	(void)state;
	static int first[MOST];
	size_t n = make_families(2);
	folds_draw(records, n);
	qsort(records, n, sizeof *records, compare);
	for (size_t i = 0; i < n; i++)
		first[i] = records[i].fold;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		shuffle(n, seed);
		folds_draw(records, n);
		qsort(records, n, sizeof *records, compare);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(records[i].fold, first[i]);
	}
}

/* What a Python program that follows the paper and folds.h gives. */
static void folds_never_move(void **state)
{
	(void)state;
	struct folds_record r[] = {{"a", 1, 0}, {"b", 1, 0}, {"c", 2, 0},
				   {"c", 0, 0}, {"d", 3, 0}, {"e", 0, 0}};
	folds_draw(r, 6);
	int found[6];
	for (int i = 0; i < 6; i++)
		found[i] = r[i].fold;
	static const int expected[6] = {6, 9, 2, 2, 8, 3};
	for (int i = 0; i < 6; i++)
		assert_int_equal(found[i], expected[i]);
	folds_draw(r, 0); /* no record */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(single_classes_are_spread_evenly),
		cmocka_unit_test(patients_stay_whole_and_their_classes_are_spread),
		cmocka_unit_test(the_order_of_records_does_not_matter),
		cmocka_unit_test(folds_never_move),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
