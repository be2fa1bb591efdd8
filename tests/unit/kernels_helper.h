/* For the tests of kernels: numbers, tables of all instruction sets, comparison bit by bit,
 * central differences. */
#ifndef TESTS_KERNELS_HELPER_H
#define TESTS_KERNELS_HELPER_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/die.h"
#include "kernels/ops.h"
#include "numbers/philox.h"

#define HELPER static inline __attribute__((unused))

/* n floats of their own block, so that a checker sees one read too many; normal numbers times scale. */
HELPER float *numbers(size_t n, uint64_t seed, double scale)
{
	struct philox r = philox_open(seed, PURPOSE_NOISE, 0, 0);
	float *x = die_malloc((n + !n) * sizeof *x);
	for (size_t i = 0; i < n; i++)
		x[i] = (float)(scale * philox_normal(&r));
	return x;
}

HELPER float *zeros(size_t n)
{
	return die_calloc(n + !n, sizeof(float));
}

HELPER float *copy_of(const float *x, size_t n)
{
	float *y = die_malloc((n + !n) * sizeof *y);
	memcpy(y, x, n * sizeof *y);
	return y;
}

HELPER double *doubles_of(const float *x, size_t n)
{
	double *y = die_malloc((n + !n) * sizeof *y);
	for (size_t i = 0; i < n; i++)
		y[i] = (double)x[i];
	return y;
}

/* Whether EINTHOVEN_DEVICE names another device than the CPU: one made of fibers is slow. */
HELPER bool is_emulated(void)
{
	const char *device = getenv("EINTHOVEN_DEVICE");
	return device && *device && strcmp(device, "cpu") != 0;
}

/* The tables this machine can run, one after the other; NULL ends. With another device (is_emulated) its
 * table is the only one: arrays are the host's, so it must be able to read those. */
HELPER const struct ops *table(int i)
{
	enum { N = 4 };
	if (is_emulated())
		return i == 0 ? ops_chosen() : NULL;
	static const char *const names[N] = {"scalar", "neon", "avx2", "avx512"};
	const char *only = getenv("EINTHOVEN_ISA"); /* valgrind knows no AVX-512 */
	for (int found = 0, k = 0; k < N; k++) {
		const struct ops *o = ops_cpu_named(names[k]);
		if (only && strcmp(only, "avx512") != 0 && strcmp(names[k], "avx512") == 0)
			continue;
		if (o && found++ == i)
			return o;
	}
	return NULL;
}

HELPER uint32_t float_bits(float x)
{
	uint32_t u;
	memcpy(&u, &x, sizeof u);
	return u;
}

HELPER void assert_same_bits(const float *found, const float *expected, size_t n, const char *isa,
			     const char *what)
{
	for (size_t i = 0; i < n; i++)
		if (float_bits(found[i]) != float_bits(expected[i]))
			fail_msg("%s: %s[%zu] is %.9g, expected %.9g", isa, what, i, (double)found[i],
				 (double)expected[i]);
}

/* |found - expected| <= tolerance * (1 + |expected|) everywhere. */
HELPER void assert_near(const float *found, const double *expected, size_t n, double tolerance,
			const char *what)
{
	for (size_t i = 0; i < n; i++)
		if (!(fabs((double)found[i] - expected[i]) <= tolerance * (1 + fabs(expected[i]))))
			fail_msg("%s[%zu] is %.9g, expected %.9g", what, i, (double)found[i], expected[i]);
}

/* gradient[i] against the central difference of objective over p[i], for at most 60 of the n elements. */
HELPER void assert_gradient(double (*objective)(void *context), void *context, double *p, size_t n,
			    const float *gradient, double tolerance, const char *what)
{
	size_t step = n > 60 ? n / 60 : 1;
	for (size_t i = 0; i < n; i += step) {
		double kept = p[i], h = 1e-5;
		p[i] = kept + h;
		double above = objective(context);
		p[i] = kept - h;
		double below = objective(context), slope = (above - below) / (2 * h);
		p[i] = kept;
		if (!(fabs((double)gradient[i] - slope) <= tolerance * (1 + fabs(slope))))
			fail_msg("gradient of %s[%zu] is %.9g, central difference %.9g", what, i,
				 (double)gradient[i], slope);
	}
}

/* ---- definitions shared by several ops: 16 lanes folded 8, 4, 2, 1; chunks of rows and a
 * pairwise tree ---- */

HELPER float fold(float lane[16])
{
	for (int half = 8; half > 0; half /= 2)
		for (int i = 0; i < half; i++)
			lane[i] += lane[i + half];
	return lane[0];
}

/* Level by level: neighbours in pairs, an odd last one moves up. */
HELPER float tree(float *x, size_t n)
{
	if (n == 0)
		return 0;
	for (; n > 1; n = (n + 1) / 2)
		for (size_t i = 0; i < (n + 1) / 2; i++)
			x[i] = 2 * i + 1 < n ? x[2 * i] + x[2 * i + 1] : x[2 * i];
	return x[0];
}

/* Sum of x[i*ld] for i < m: chunks ascending, then the tree. */
HELPER float chunked_sum(const float *x, size_t m, size_t ld, size_t chunk)
{
	float *parts = zeros(m / chunk + 1);
	size_t n = 0;
	for (size_t i = 0; i < m; i += chunk, n++)
		for (size_t r = i; r < i + chunk && r < m; r++)
			parts[n] += x[r * ld];
	float sum = tree(parts, n);
	free(parts);
	return sum;
}

#endif
