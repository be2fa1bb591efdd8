#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ecg/convolutions.h"
#include "numbers/philox.h"

enum { KERNELS = 60, MOST = 1037 };

/* A record whose lead 4 is absent. */
static float *record_of(int samples, float gain)
{
	float *x = calloc((size_t)(LEADS * samples), sizeof *x);
	struct philox r = philox_open(1, PURPOSE_NOISE, 2, 3);
	for (int i = 0; i < LEADS * samples; i++)
		x[i] = i / samples == 4 ? 0 : gain * (float)(philox_normal(&r) + i % 77 * .01);
	return x;
}

static void standardised(float *x, int samples)
{
	double mean = 0, square = 0;
	for (int i = 0; i < samples; i++)
		mean += (double)x[i];
	mean /= samples;
	for (int i = 0; i < samples; i++)
		square += ((double)x[i] - mean) * ((double)x[i] - mean);
	double factor = square > 0 ? 1 / sqrt(square / samples) : 0;
	for (int i = 0; i < samples; i++)
		x[i] = (float)(((double)x[i] - mean) * factor);
}

/* The definition: sums in the order of the header's formula. x [12][samples] standardised. */
static void plain(float out[2], const struct convolution *k, const float *x, int samples)
{
	int n = samples + 2 * k->padding - (k->n_taps - 1) * k->dilation, n_positive = 0;
	float most = -INFINITY;
	for (int j = 0; j < n; j++) {
		float y = k->bias;
		for (int t = 0; t < k->n_taps; t++) {
			int at = j - k->padding + t * k->dilation;
			float mixed = 0;
			for (int i = 0; i < k->n_leads && at >= 0 && at < samples; i++)
				mixed += k->share[i] * x[k->lead[i] * samples + at];
			y += k->weight[t] * mixed;
		}
		n_positive += y > 0;
		most = y > most ? y : most;
	}
	out[0] = (float)n_positive / (float)n;
	out[1] = most;
}

static void the_fast_way_equals_the_definition_bit_for_bit(void **state)
{
	static const int lengths[] = {1, 5, 13, 250, 1000, MOST};
	(void)state;
	for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
		int samples = lengths[l];
		float *x = record_of(samples, 1), out[2 * KERNELS], expected[2];
		struct convolutions c;
		convolutions_init(&c, KERNELS, samples, 7);
		convolutions_apply(&c, out, x);
		for (int i = 0; i < LEADS; i++)
			standardised(x + i * samples, samples);
		for (int i = 0; i < KERNELS; i++) {
			plain(expected, &c.kernel[i], x, samples);
			assert_memory_equal(out + 2 * i, expected, sizeof expected);
		}
		convolutions_release(&c);
		free(x);
	}
}

static void kernels_vary_and_fit_the_record(void **state)
{
	(void)state;
	struct convolutions c;
	int n_leads[LEADS + 1] = {0}, n_padded = 0, longest = 0;
	convolutions_init(&c, 1000, 1000, 1);

	for (int i = 0; i < c.n; i++) {
		const struct convolution *k = &c.kernel[i];
		double sum = 0;
		unsigned seen = 0;
		assert_true(k->n_taps == 7 || k->n_taps == 9 || k->n_taps == 11);
		assert_true(1000 + 2 * k->padding - (k->n_taps - 1) * k->dilation > 0);
		for (int t = 0; t < k->n_taps; t++)
			sum += (double)k->weight[t];
		assert_true(fabs(sum) < 1e-5);
		for (int j = 0; j < k->n_leads; j++)
			seen |= 1u << k->lead[j];
		assert_int_equal(__builtin_popcount(seen), k->n_leads); /* no lead twice */
		n_leads[k->n_leads]++;
		n_padded += k->padding > 0;
		longest = k->dilation > longest ? k->dilation : longest;
	}

	for (int j = 1; j <= LEADS; j++)
		assert_true(n_leads[j] > 0);
	assert_true(n_leads[1] > n_leads[12]);
	assert_in_range(n_padded, 400, 600);
	assert_true(longest > 100);
	convolutions_release(&c);
}

static void fewer_kernels_are_the_first_of_more(void **state)
{
	(void)state;
	float *x = record_of(MOST, 1), few[2 * 5], many[2 * KERNELS];
	struct convolutions c;
	convolutions_init(&c, 5, MOST, 3);
	convolutions_apply(&c, few, x);
	convolutions_release(&c);
	convolutions_init(&c, KERNELS, MOST, 3);
	convolutions_apply(&c, many, x);
	convolutions_release(&c);
	assert_memory_equal(few, many, sizeof few);
	convolutions_init(&c, 5, MOST, 4);
	convolutions_apply(&c, few, x);
	convolutions_release(&c);
	assert_memory_not_equal(few, many, sizeof few);
	free(x);
}

static void the_unit_does_not_matter(void **state)
{
	(void)state;
	float *mv = record_of(MOST, 1), *other = record_of(MOST, 1024), a[2 * KERNELS], b[2 * KERNELS];
	struct convolutions c;
	convolutions_init(&c, KERNELS, MOST, 1);
	convolutions_apply(&c, a, mv);
	convolutions_apply(&c, b, other);
	assert_memory_equal(a, b, sizeof a);
	convolutions_release(&c);
	free(mv);
	free(other);
}

static void no_signal_gives_the_biases(void **state)
{
	(void)state;
	float *x = calloc(LEADS * 100, sizeof *x), out[2 * KERNELS];
	struct convolutions c;
	convolutions_init(&c, KERNELS, 100, 1);
	convolutions_apply(&c, out, x);
	for (int i = 0; i < KERNELS; i++) {
		assert_true(out[2 * i] == (c.kernel[i].bias > 0 ? 1 : 0));
		assert_true(out[2 * i + 1] == c.kernel[i].bias);
	}
	convolutions_release(&c);
	free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fast_way_equals_the_definition_bit_for_bit),
		cmocka_unit_test(kernels_vary_and_fit_the_record),
		cmocka_unit_test(fewer_kernels_are_the_first_of_more),
		cmocka_unit_test(the_unit_does_not_matter),
		cmocka_unit_test(no_signal_gives_the_biases),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
