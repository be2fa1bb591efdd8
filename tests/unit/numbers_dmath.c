#include "tests/unit/kernels_helper.h"

#include "numbers/dmath.h"

static double uniform(struct philox *r, double low, double high)
{
	double fine = philox_uniform(r) + philox_uniform(r) * 0x1p-32;
	return low + (high - low) * fine;
}

/* Distance in units of the last place of the exact value (64-bit mantissa of x86's long double). */
static double ulps(double found, long double exact)
{
	double rounded = (double)exact, gap = nextafter(fabs(rounded), INFINITY) - fabs(rounded);
	if (isinf(rounded) && found == rounded)
		return 0;
	return (double)(fabsl((long double)found - exact) / (long double)gap);
}

/* valgrind computes long double in 64 bits: then there is nothing to compare with. */
static void need_long_double(void)
{
	volatile long double tiny = 0x1p-60L;
	if (1.0L + tiny == 1.0L)
		skip();
}

static void errors_stay_below_two_and_a_half_ulps(void **state)
{
	static const struct {
		const char *name;
		double (*ours)(double);
		long double (*exact)(long double);
		double low, high;
	} ranges[] = {
		{"exp", dmath_exp, expl, -745, 709.7},
		{"exp", dmath_exp, expl, -1, 1},
		{"exp", dmath_exp, expl, -1e-5, 1e-5},
		{"log", dmath_log, logl, 1e-300, 1},
		{"log", dmath_log, logl, 0.5, 2},
		{"log", dmath_log, logl, 0, 1e-307},
		{"log", dmath_log, logl, 1, 1e300},
		{"log1p", dmath_log1p, log1pl, -0.999999, 2},
		{"log1p", dmath_log1p, log1pl, -1e-3, 1e-3},
		{"log1p", dmath_log1p, log1pl, 1, 1e18},
		{"sin", dmath_sin, sinl, -8, 8},
		{"sin", dmath_sin, sinl, -1e6, 1e6},
		{"sin", dmath_sin, sinl, 3.14159, 3.14160},
		{"cos", dmath_cos, cosl, -8, 8},
		{"cos", dmath_cos, cosl, -1e6, 1e6},
		{"cos", dmath_cos, cosl, 1.57079, 1.57080},
		{"tan", dmath_tan, tanl, -8, 8},
		{"tan", dmath_tan, tanl, -1e6, 1e6},
		{"tanh", dmath_tanh, tanhl, -2, 2},
		{"tanh", dmath_tanh, tanhl, -25, 25},
		{"tanh", dmath_tanh, tanhl, -1e-4, 1e-4},
	};
	(void)state;
	need_long_double();

	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
		struct philox r = philox_open(i, PURPOSE_NOISE, 0, 0);
		for (int n = 0; n < 20000; n++) {
			double x = uniform(&r, ranges[i].low, ranges[i].high);
			double error = ulps(ranges[i].ours(x), ranges[i].exact((long double)x));
			if (!(error <= 2.5))
				fail_msg("%s(%.17g) is off by %.2f ulp", ranges[i].name, x, error);
		}
	}
}

static void functions_of_two_arguments_are_close(void **state)
{
	struct philox r = philox_open(3, PURPOSE_NOISE, 0, 0);
	(void)state;
	need_long_double();
	for (int n = 0; n < 50000; n++) {
		double x = uniform(&r, -5, 5), y = uniform(&r, -5, 5);
		assert_true(ulps(dmath_atan2(y, x), atan2l((long double)y, (long double)x)) <= 2.5);
		double base = dmath_exp(uniform(&r, -20, 20)), exponent = uniform(&r, -30, 30);
		long double exact = powl((long double)base, (long double)exponent);
		assert_true(fabsl((long double)dmath_pow(base, exponent) - exact) <= 1e-14L * exact);
		base = uniform(&r, 0.9, 1.1);
		exponent = uniform(&r, -6000, 6000);
		exact = powl((long double)base, (long double)exponent);
		assert_true(fabsl((long double)dmath_pow(base, exponent) - exact) <= 1e-14L * exact);
	}
}

static void special_values_follow_annex_f(void **state)
{
	(void)state;
	assert_true(dmath_exp(INFINITY) == INFINITY && dmath_exp(-INFINITY) == 0 && dmath_exp(0) == 1);
	assert_true(dmath_exp(710) == INFINITY && dmath_exp(-746) == 0 && dmath_exp(-745) == 0x1p-1074);
	assert_true(isnan(dmath_exp(NAN)) && isnan(dmath_log(NAN)) && isnan(dmath_sin(NAN)) &&
		    isnan(dmath_tanh(NAN)));
	assert_true(dmath_log(0) == -INFINITY && dmath_log(1) == 0 && isnan(dmath_log(-1)));
	assert_true(dmath_log(INFINITY) == INFINITY);
	assert_true(dmath_log1p(-1) == -INFINITY && isnan(dmath_log1p(-2)) && dmath_log1p(1e-300) == 1e-300);
	assert_true(signbit(dmath_sin(-0.0)) && signbit(dmath_tan(-0.0)) && signbit(dmath_tanh(-0.0)));
	assert_true(dmath_cos(0) == 1 && dmath_tanh(INFINITY) == 1 && dmath_tanh(-40) == -1);
	assert_true(dmath_atan2(0.0, -1.0) > 3.14 && dmath_atan2(-0.0, -1.0) < -3.14);
	assert_true(dmath_atan2(0.0, 1.0) == 0 && signbit(dmath_atan2(-0.0, 1.0)));
	assert_true(dmath_atan2(1, 0) == dmath_atan2(INFINITY, 5) && dmath_atan2(1, 0) > 1.57);
	assert_true(dmath_pow(2, 10) == 1024 && dmath_pow(2, 1023) == 0x1p1023 &&
		    dmath_pow(2, -1074) == 0x1p-1074);
	assert_true(dmath_pow(0, 2) == 0 && dmath_pow(0, -2) == INFINITY && dmath_pow(5, 0) == 1);
	assert_true(dmath_pow(2, INFINITY) == INFINITY && dmath_pow(0.5, INFINITY) == 0 &&
		    dmath_pow(1, NAN) == 1);
	assert_true(dmath_pow(10, 400) == INFINITY && dmath_pow(10, -400) == 0);
}

/* One hash over many values: a compiler or machine that computes otherwise shows here. */
static void bits_are_those_of_every_machine(void **state)
{
	struct philox r = philox_open(11, PURPOSE_NOISE, 0, 0);
	uint64_t hash = 14695981039346656037u;

	(void)state;
	for (int n = 0; n < 20000; n++) {
		double x = uniform(&r, -20, 20),
		       y[] = {dmath_exp(x),	     dmath_log(x * x + 1e-9), dmath_log1p(x * x),
			      dmath_sin(1000 * x),   dmath_cos(1000 * x),     dmath_tan(x),
			      dmath_pow(x * x, 1.3), dmath_tanh(x),	      dmath_atan2(x, 3)};
		for (size_t i = 0; i < sizeof y / sizeof *y; i++) {
			uint64_t u;
			memcpy(&u, &y[i], sizeof u);
			hash = (hash ^ u) * 1099511628211u;
		}
	}

	assert_int_equal(hash, 0xe746acb81f03f6caU);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_stay_below_two_and_a_half_ulps),
		cmocka_unit_test(functions_of_two_arguments_are_close),
		cmocka_unit_test(special_values_follow_annex_f),
		cmocka_unit_test(bits_are_those_of_every_machine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
