/* Keys of names. The hashes were computed apart from this code, by their definition, in Python. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "ecg/identifier.h"

static void plain_numbers_are_their_own_keys(void **state)
{
	(void)state;
	assert_true(identifier_key("0") == 0);
	assert_true(identifier_key("21837") == 21837);
	assert_true(identifier_key("9223372036854775807") == INT64_MAX);
}

static void other_names_are_hashed(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint64_t key;
	} cases[] = {{"a", UINT64_C(0x82c0bdbf481420f8)},
		     {"foobar", UINT64_C(0xc04da9e3b74078c2)},
		     {"P1", UINT64_C(0xa4bb581a8da43815)},
		     {"017", UINT64_C(0xdf302b54ae03cad3)},
		     {"17.0", UINT64_C(0xef0205349c3f7a64)},
		     {"-1", UINT64_C(0xff45af1acc00771f)},
		     {"9223372036854775808", UINT64_C(0xc66641a8f7c08c78)},
		     {"M\xc3\xbc"
		      "ller 3",
		      UINT64_C(0x80641feeacd3ff4a)}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_true(identifier_key(cases[i].name) == cases[i].key);
}

static int order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void similar_names_have_keys_of_their_own(void **state)
{
	(void)state;
	enum { N = 200000 };
	uint64_t *keys = malloc(N * sizeof *keys);
	char name[32];
	assert_non_null(keys);
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof name, "rec/%05d_lr", i);
		keys[i] = identifier_key(name);
		assert_true(keys[i] >> 63);
	}
	qsort(keys, N, sizeof *keys, order);
	for (int i = 1; i < N; i++)
		assert_true(keys[i] != keys[i - 1]);
	free(keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_numbers_are_their_own_keys),
		cmocka_unit_test(other_names_are_hashed),
		cmocka_unit_test(similar_names_have_keys_of_their_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
