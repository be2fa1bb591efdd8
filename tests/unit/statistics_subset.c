/* A share of the labels: patients whole, classes kept, and the smaller shares inside the larger ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "statistics/subset.h"

enum { N = 2000, CLASSES = 4 };

static uint64_t patient[N];
static uint8_t truth[N * CLASSES], chosen[N];

/* One to three records a patient; class 0 has about 60 % of them, 3 about 1 %; a seventh of all
 * have a second class. */
static void fill(void)
{
	static const int ends[CLASSES] = {60, 85, 99, 100};
	memset(truth, 0, sizeof truth);
	for (size_t i = 0; i < N; i++) {
		patient[i] = 1000 + i * 7 / 13 % 997;
		int class = 0;
		while ((int)(i * 37 % 100) >= ends[class])
			class ++;
		truth[i * CLASSES + (size_t) class] = 1;
		if (i % 7 == 0)
			truth[i * CLASSES + (i / 7) % 2] = 1;
	}
}

static size_t draw(double fraction, uint64_t number)
{
	size_t n = 0;
	subset_draw(chosen, &(struct subset){N, patient, truth, CLASSES, fraction, number});
	for (size_t i = 0; i < N; i++)
		n += chosen[i];
	return n;
}

static void patients_are_kept_whole(void **state)
{
	(void)state;
	fill();
	size_t n = draw(0.1, 1);
	assert_in_range(n, N / 10, N / 10 + 20);
	for (size_t i = 0; i < N; i++)
		for (size_t j = 0; j < i; j++)
			if (patient[i] == patient[j])
				assert_int_equal(chosen[i], chosen[j]);
}

static void every_class_keeps_its_share(void **state)
{
	(void)state;
	fill();
	for (int percent = 1; percent <= 25; percent += 8) {
		draw(percent / 100.0, 3);
		for (size_t c = 0; c < CLASSES; c++) {
			size_t all = 0, kept = 0;
			for (size_t i = 0; i < N; i++) {
				all += truth[i * CLASSES + c];
				kept += chosen[i] && truth[i * CLASSES + c];
			}
			assert_true(kept >= 1);
			if (all > 200 && percent > 5)
				assert_in_range(kept, all * (size_t)percent / 130,
						all * (size_t)percent / 70);
		}
	}
}

static void smaller_shares_lie_in_larger_ones(void **state)
{
	(void)state;
	static const double shares[] = {0.01, 0.05, 0.1, 0.25, 1};
	uint8_t before[N] = {0};
	size_t last = 0;
	fill();
	for (size_t k = 0; k < sizeof shares / sizeof *shares; k++) {
		size_t n = draw(shares[k], 5);
		assert_true(n > last);
		for (size_t i = 0; i < N; i++)
			assert_true(chosen[i] >= before[i]);
		memcpy(before, chosen, sizeof before);
		last = n;
	}
	assert_int_equal(last, N);
}

static void another_draw_takes_other_patients(void **state)
{
	(void)state;
	uint8_t first[N];
	size_t n_both = 0, n;
	fill();
	n = draw(0.1, 1);
	memcpy(first, chosen, sizeof first);
	draw(0.1, 2);
	for (size_t i = 0; i < N; i++)
		n_both += first[i] && chosen[i];
	assert_true(n_both < n / 2);
}

static void order_of_records_does_not_matter(void **state)
{
	(void)state;
	uint8_t first[N];
	fill();
	draw(0.05, 1);
	memcpy(first, chosen, sizeof first);

	for (size_t i = 0, j = N - 1; i < j; i++, j--) {
		uint64_t p = patient[i];
		uint8_t row[CLASSES];
		patient[i] = patient[j];
		patient[j] = p;
		memcpy(row, truth + i * CLASSES, CLASSES);
		memcpy(truth + i * CLASSES, truth + j * CLASSES, CLASSES);
		memcpy(truth + j * CLASSES, row, CLASSES);
	}

	draw(0.05, 1);
	for (size_t i = 0; i < N; i++)
		assert_int_equal(chosen[i], first[N - 1 - i]);
}

static void nothing_and_one_record_can_be_drawn_from(void **state)
{
	(void)state;
	static const uint64_t one = 7;
	static const uint8_t class[2] = {0, 1};
	subset_draw(chosen, &(struct subset){0, NULL, NULL, 2, 0.5, 1});
	subset_draw(chosen, &(struct subset){1, &one, class, 2, 0.01, 1});
	assert_int_equal(chosen[0], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(patients_are_kept_whole),
					   cmocka_unit_test(every_class_keeps_its_share),
					   cmocka_unit_test(smaller_shares_lie_in_larger_ones),
					   cmocka_unit_test(another_draw_takes_other_patients),
					   cmocka_unit_test(order_of_records_does_not_matter),
					   cmocka_unit_test(nothing_and_one_record_can_be_drawn_from)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
