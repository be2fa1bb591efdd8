#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "common/pool.h"

enum { TASKS = 1000 };

static _Atomic int n_runs[TASKS], n_offered_runs[TASKS];

static void count(void *context, int i)
{
	atomic_fetch_add((_Atomic int *)context + i, 1);
}

static void assert_all(_Atomic int *runs, int expected)
{
	for (int i = 0; i < TASKS; i++)
		assert_int_equal(atomic_exchange(&runs[i], 0), expected);
}

static void every_task_runs_once(void **state)
{
	(void)state;
	for (int round = 1; round <= 20; round++)
		pool_run(count, n_runs, TASKS);
	assert_all(n_runs, 20);
	pool_run(count, n_runs, 0);
	assert_all(n_runs, 0);
}

static void what_is_offered_runs_once_however_much_runs_beside_it(void **state)
{
	(void)state;
	for (int n_rounds = 0; n_rounds < 200; n_rounds += 7) {
		pool_offer(count, n_offered_runs, TASKS);
		for (int i = 0; i < n_rounds; i++)
			pool_run(count, n_runs, TASKS);
		pool_finish();
		assert_all(n_offered_runs, 1);
		assert_all(n_runs, n_rounds);
	}
	pool_finish();
	assert_all(n_offered_runs, 0);
}

static int n_done(void)
{
	int n = 0;
	for (int i = 0; i < TASKS; i++)
		n += atomic_load(&n_offered_runs[i]);
	return n;
}

/* As where the caller waits for a card. */
static void what_is_offered_is_run_without_the_caller(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++) {
		nanosleep(&(struct timespec){0, 50000000}, NULL); /* until the others sleep */
		pool_offer(count, n_offered_runs, TASKS);
		for (int i = 0; i < 20000 && n_done() < TASKS; i++)
			nanosleep(&(struct timespec){0, 1000000}, NULL);
		assert_int_equal(n_done(), TASKS);
		pool_finish();
		assert_all(n_offered_runs, 1);
	}
}

int main(void)
{
	setenv("EINTHOVEN_THREADS", "4", 1);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_offered_is_run_without_the_caller),
		cmocka_unit_test(every_task_runs_once),
		cmocka_unit_test(what_is_offered_runs_once_however_much_runs_beside_it)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
