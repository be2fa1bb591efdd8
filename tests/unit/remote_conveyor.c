#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "remote/conveyor.h"

enum { N = 300, BUDGET = 10, NONE = N };

struct work {
	int result[N];
	size_t failing;		 /* NONE: no job does */
	bool has_no_thread;	 /* begin fails */
	atomic_int in_use, most; /* jobs of cost 3 that are begun and not given back */
	atomic_int n_begun;
};

static void *begin(void *context, struct error *e)
{
	struct work *w = context;
	if (w->has_no_thread)
		error_set(e, NULL, 0, "nothing to work with");
	return w->has_no_thread ? NULL : w;
}

static void end(void *own)
{
	(void)own;
}

static int run(void *context, void *own, size_t i, struct error *e)
{
	struct work *w = context;
	(void)own;
	int now = atomic_fetch_add(&w->in_use, 1) + 1, most = atomic_load(&w->most);
	while (now > most && !atomic_compare_exchange_weak(&w->most, &most, now))
		;
	atomic_fetch_add(&w->n_begun, 1);
	if (i == w->failing)
		return error_set(e, NULL, 0, "job %zu failed", i);
	nanosleep(&(struct timespec){0, (long)(i * 7919 % 13) * 20000}, NULL);
	w->result[i] = (int)i + 1;
	return 0;
}

static size_t cost(void *context, size_t i)
{
	(void)context, (void)i;
	return 3;
}

static struct conveyor *start(struct work *w, int n_threads)
{
	return conveyor_start(&(struct conveyor_work){.context = w,
						      .begin = begin,
						      .end = end,
						      .run = run,
						      .cost = cost,
						      .budget = BUDGET,
						      .n_threads = n_threads},
			      N);
}

static void results_come_in_order_within_the_budget(void **state)
{
	(void)state;
	for (int n_threads = 1; n_threads <= 8; n_threads *= 2) {
		struct work w = {.failing = NONE};
		struct error e = {0};
		struct conveyor *c = start(&w, n_threads);
		size_t i = 0;
		for (; conveyor_take(c, &e) > 0; i++) {
			assert_int_equal(w.result[i], i + 1);
			atomic_fetch_sub(&w.in_use, 1);
			conveyor_give_back(c);
		}
		assert_int_equal(i, N);
		assert_true(w.most <= BUDGET / 3);
		conveyor_stop(c);
	}
}

static void a_job_that_fails_ends_all(void **state)
{
	(void)state;
	struct work w = {.failing = 100};
	struct error e = {0};
	struct conveyor *c = start(&w, 4);
	int status;
	size_t i = 0;
	for (; (status = conveyor_take(c, &e)) > 0; i++)
		conveyor_give_back(c);
	conveyor_stop(c);
	assert_int_equal(status, -1);
	assert_string_equal(e.text, "job 100 failed");
	assert_true(i <= 100);
	assert_true(w.n_begun < 100 + 8);
}

static void threads_without_what_they_need_end_all(void **state)
{
	(void)state;
	struct work w = {.failing = NONE, .has_no_thread = true};
	struct error e = {0};
	struct conveyor *c = start(&w, 4);
	assert_int_equal(conveyor_take(c, &e), -1);
	conveyor_stop(c);
	assert_string_equal(e.text, "nothing to work with");
}

static void one_may_stop_at_any_time(void **state)
{
	(void)state;
	for (size_t n = 0; n < 40; n += 13) {
		struct work w = {.failing = NONE};
		struct error e = {0};
		struct conveyor *c = start(&w, 4);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(conveyor_take(c, &e), 1);
			conveyor_give_back(c);
		}
		conveyor_stop(c);
		assert_true(w.n_begun < N);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(results_come_in_order_within_the_budget),
					   cmocka_unit_test(a_job_that_fails_ends_all),
					   cmocka_unit_test(threads_without_what_they_need_end_all),
					   cmocka_unit_test(one_may_stop_at_any_time)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
