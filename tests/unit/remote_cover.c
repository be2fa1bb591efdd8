#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "remote/cover.h"

enum { N = 70 };
static struct digest leaf[N];

static struct digest root_of(size_t n)
{
	struct merkle m;
	merkle_init(&m);
	for (size_t i = 0; i < n; i++)
		merkle_add(&m, &leaf[i]);
	return merkle_root(&m);
}

/* Cut n leaves at two places and put the root together from the three covers. */
static struct digest root_by_covers(size_t a, size_t b, size_t n)
{
	struct digest cover[COVER_MOST];
	const size_t ends[] = {0, a, b, n};
	struct merkle m;
	merkle_init(&m);
	for (int i = 0; i < 3; i++) {
		uint64_t size = ends[i + 1] - ends[i];
		size_t count = cover_of(cover, ends[i], leaf + ends[i], size);
		assert_int_equal(count, cover_count(ends[i], size));
		cover_add(&m, cover, size);
	}
	assert_int_equal(m.count, n);
	return merkle_root(&m);
}

static void covers_of_all_cuts_give_the_root(void **state)
{
	(void)state;
	for (size_t n = 1; n <= N; n += n < 20 ? 1 : 7) {
		struct digest want = root_of(n);
		for (size_t a = 0; a <= n; a++)
			for (size_t b = a; b <= n; b++) {
				struct digest got = root_by_covers(a, b, n);
				assert_memory_equal(&got, &want, sizeof want);
			}
	}
}

static void another_leaf_gives_another_cover(void **state)
{
	(void)state;
	struct digest before[COVER_MOST], after[COVER_MOST];
	for (size_t i = 5; i < 40; i++) {
		size_t n = cover_of(before, 5, leaf + 5, 35);
		leaf[i].bytes[31] ^= 1;
		cover_of(after, 5, leaf + 5, 35);
		leaf[i].bytes[31] ^= 1;
		assert_memory_not_equal(before, after, n * sizeof *before);
	}
}

static void a_cover_is_short(void **state)
{
	(void)state;
	assert_int_equal(cover_count(0, UINT64_C(1) << 52), 1);
	assert_int_equal(cover_count(1, (UINT64_C(1) << 52) - 2), 2 * 51);
	assert_true(cover_count(1, UINT64_MAX / 2) <= COVER_MOST);
}

int main(void)
{
	for (int i = 0; i < N; i++)
		leaf[i] = digest_of(&i, sizeof i);
	const struct CMUnitTest tests[] = {cmocka_unit_test(covers_of_all_cuts_give_the_root),
					   cmocka_unit_test(another_leaf_gives_another_cover),
					   cmocka_unit_test(a_cover_is_short)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
