#include "tests/unit/kernels_helper.h"

/* Random123's kat_vectors: philox4x32-10. */
static void blocks_equal_the_published_ones(void **state)
{
	static const struct {
		uint32_t counter[4], key[2], out[4];
	} known[] = {
		{{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
		 {0xa4093822, 0x299f31d0},
		 {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	};
	(void)state;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		uint32_t out[4];
		philox_block(out, known[i].counter, known[i].key);
		assert_memory_equal(out, known[i].out, sizeof out);
	}
}

static void a_stream_is_its_counter_blocks_in_order(void **state)
{
	struct philox r = philox_open(0x1122334455667788u, PURPOSE_GAIN, 0xaabbccdd00000007u, 5);
	(void)state;
	for (uint32_t block = 0; block < 3; block++) {
		uint32_t out[4], counter[4] = {block, (uint32_t)PURPOSE_GAIN << 24 | 5, 7, 0xaabbccdd},
				 key[2] = {0x55667788, 0x11223344};
		philox_block(out, counter, key);
		for (int i = 0; i < 4; i++)
			assert_int_equal(philox_u32(&r), out[i]);
	}
}

static void purposes_records_and_indices_give_other_numbers(void **state)
{
	struct philox r[] = {philox_open(1, PURPOSE_GAIN, 2, 3), philox_open(1, PURPOSE_NOISE, 2, 3),
			     philox_open(1, PURPOSE_GAIN, 3, 3), philox_open(1, PURPOSE_GAIN, 2, 4),
			     philox_open(2, PURPOSE_GAIN, 2, 3)};
	uint32_t first[5];
	(void)state;
	for (int i = 0; i < 5; i++) {
		first[i] = philox_u32(&r[i]);
		for (int j = 0; j < i; j++)
			assert_int_not_equal(first[i], first[j]);
	}
}

static void uniform_and_normal_have_their_moments(void **state)
{
	struct philox r = philox_open(7, PURPOSE_NOISE, 0, 0);
	double sum = 0, normal = 0, square = 0, fourth = 0;
	int n = 200000;

	(void)state;
	for (int i = 0; i < n; i++) {
		double u = philox_uniform(&r), x = philox_normal(&r);
		assert_true(u > 0 && u < 1);
		sum += u;
		normal += x;
		square += x * x;
		fourth += x * x * x * x;
	}

	assert_true(fabs(sum / n - 0.5) < 4 * 0.2887 / sqrt(n));
	assert_true(fabs(normal / n) < 4 / sqrt(n));
	assert_true(fabs(square / n - 1) < 4 * 1.4142 / sqrt(n));
	assert_true(fabs(fourth / n - 3) < 4 * 9.8 / sqrt(n));
}

static void below_is_uniform_and_below(void **state)
{
	struct philox r = philox_open(9, PURPOSE_SHUFFLE, 0, 0);
	int count[7] = {0}, n = 70000;
	(void)state;
	for (int i = 0; i < n; i++)
		count[philox_below(&r, 7)]++;
	for (int i = 0; i < 7; i++)
		assert_in_range(count[i], 10000 - 400, 10000 + 400);
	for (int i = 0; i < 100; i++)
		assert_int_equal(philox_below(&r, 1), 0);
	for (int i = 0; i < 1000; i++)
		assert_true(philox_below(&r, 0xC0000000u) < 0xC0000000u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_equal_the_published_ones),
		cmocka_unit_test(a_stream_is_its_counter_blocks_in_order),
		cmocka_unit_test(purposes_records_and_indices_give_other_numbers),
		cmocka_unit_test(uniform_and_normal_have_their_moments),
		cmocka_unit_test(below_is_uniform_and_below),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
