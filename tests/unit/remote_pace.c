#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "remote/pace.h"

static void sleeping_is_not_busy_and_working_is(void **state)
{
	(void)state;
	struct timespec nap = {.tv_nsec = 50000000};
	double began_s = pace_busy_s();
	nanosleep(&nap, NULL);
	double slept_s = pace_busy_s() - began_s;
	assert_true(slept_s >= 0 && slept_s < 0.04);

	double until_s = pace_now_s() + 0.1;
	while (pace_now_s() < until_s)
		;
	double worked_s = pace_busy_s() - began_s - slept_s;
	assert_true(worked_s > 0.09);
}

/* A thread's own clock stands while it sleeps, and is never ahead of the world's. */
static void own_time_is_no_waiting(void **state)
{
	(void)state;
	struct timespec nap = {.tv_nsec = 50000000};
	double began_s = pace_own_s(), now_s = pace_now_s();
	nanosleep(&nap, NULL);
	assert_true(pace_own_s() - began_s < 0.04);

	while (pace_own_s() - began_s < 0.01)
		;
	assert_true(pace_own_s() - began_s <= pace_now_s() - now_s);
}

static void the_last_pieces_count_most(void **state)
{
	struct pace p = {0};
	(void)state;
	pace_note(&p, pace_now_s() - 100, PACE_LEAST - 1);
	assert_true(p.s == 0);
	pace_note(&p, pace_now_s() - 1, 1000000);
	assert_true(p.s > 0.99e-6 && p.s < 1.1e-6);
	for (int i = 0; i < 20; i++)
		pace_note(&p, pace_now_s() - 2, 1000000);
	assert_true(p.s > 1.98e-6 && p.s < 2.2e-6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sleeping_is_not_busy_and_working_is),
		cmocka_unit_test(own_time_is_no_waiting),
		cmocka_unit_test(the_last_pieces_count_most),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
