#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ecg/noise.h"

#define N 200000

/* The definition: eight bytes of the block, summed, centred, scaled. */
static float plain(const struct philox *r, int i)
{
	uint32_t words[4], counter[4];
	memcpy(counter, r->counter, sizeof counter);
	counter[0] = (uint32_t)i / 2;
	philox_block(words, counter, r->key);
	const uint32_t *w = words + 2 * (i & 1);
	int sum = 0;
	for (int j = 0; j < 8; j++)
		sum += (int)(w[j / 4] >> (8 * (j % 4)) & 0xff);
	return (float)(sum - 1020) * 0.0047841967f;
}

static void the_fast_way_equals_the_definition_bit_for_bit(void **state)
{
	(void)state;
	for (int n = 1; n < 40; n++) {
		float z[48];
		struct philox r = philox_open(0x123456789abcdefull, PURPOSE_NOISE, 0xfedcba9876543210ull, 77);
		noise_fill(z, n, &r, 0);
		for (int i = 0; i < n; i++)
			assert_true(z[i] == plain(&r, i));
	}
}

static void nothing_is_written_behind_the_end(void **state)
{
	(void)state;
	float z[16];
	struct philox r = philox_open(1, PURPOSE_NOISE, 2, 3);
	for (int i = 0; i < 16; i++)
		z[i] = 5;
	noise_add(z, 9, 1, &r, 0);
	for (int i = 9; i < 16; i++)
		assert_true(z[i] == 5);
}

static void moments_are_those_of_a_normal(void **state)
{
	(void)state;
	float *z = malloc(N * sizeof *z);
	struct philox r = philox_open(1, PURPOSE_NOISE, 2, 3);
	noise_fill(z, N, &r, 0);

	double m1 = 0, m2 = 0, m4 = 0, neighbours = 0, largest = 0;
	int beyond_one = 0, beyond_two = 0;
	for (int i = 0; i < N; i++) {
		m1 += z[i];
		m2 += (double)z[i] * z[i];
		m4 += pow(z[i], 4);
		neighbours += i ? (double)z[i] * z[i - 1] : 0;
		largest = fabs(z[i]) > largest ? fabs(z[i]) : largest;
		beyond_one += fabsf(z[i]) > 1;
		beyond_two += fabsf(z[i]) > 2;
	}

	free(z);
	assert_true(fabs(m1 / N) < 0.01);
	assert_true(fabs(m2 / N - 1) < 0.01);
	assert_true(fabs(m4 / N - 2.85) < 0.06);
	assert_true(fabs(neighbours / N) < 0.01);
	assert_true(fabs(beyond_one / (double)N - 0.3173) < 0.008);
	assert_true(fabs(beyond_two / (double)N - 0.0455) < 0.003);
	assert_true(largest > 3.5 && largest < 4.88);
}

static void other_records_and_blocks_give_other_noise(void **state)
{
	(void)state;
	enum { SIZE = 10000 };
	static float a[SIZE], b[SIZE], c[SIZE];
	struct philox r = philox_open(1, PURPOSE_NOISE, 2, 3), s = philox_open(1, PURPOSE_NOISE, 3, 3);
	noise_fill(a, SIZE, &r, 0);
	noise_fill(b, SIZE, &s, 0);
	noise_fill(c, SIZE, &r, noise_blocks(SIZE));
	double ab = 0, ac = 0;
	for (int i = 0; i < SIZE; i++) {
		ab += (double)a[i] * b[i];
		ac += (double)a[i] * c[i];
	}
	assert_true(fabs(ab / SIZE) < 0.04 && fabs(ac / SIZE) < 0.04);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fast_way_equals_the_definition_bit_for_bit),
		cmocka_unit_test(nothing_is_written_behind_the_end),
		cmocka_unit_test(moments_are_those_of_a_normal),
		cmocka_unit_test(other_records_and_blocks_give_other_noise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
