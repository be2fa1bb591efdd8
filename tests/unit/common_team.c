#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/die.h"
#include "common/pool.h"
#include "common/team.h"
#include "tests/team/calls.h"

static void each_size(void (*run)(void *context, struct team *t))
{
	run(NULL, NULL);
	for (int size = 1; size <= 7; size++)
		team_threads(size, run, NULL);
}

static void what_is_shared_reaches_all(void **state)
{
	(void)state;
	each_size(calls_share);
}

static void all_have_all_pieces_after_a_gather(void **state)
{
	(void)state;
	each_size(calls_gather);
}

static void pieces_between_a_pair_keep_their_order(void **state)
{
	(void)state;
	each_size(calls_exchange);
}

static void a_flag_of_one_is_seen_by_all(void **state)
{
	(void)state;
	each_size(calls_any);
}

static void note_size(void *sizes, struct team *t)
{
	((int *)sizes)[team_rank(t)] = team_size(t);
}

static void ranks_count_from_0_and_know_how_many_they_are(void **state)
{
	(void)state;
	int sizes[4] = {0};
	team_threads(3, note_size, sizes);
	assert_memory_equal(sizes, ((int[]){3, 3, 3, 0}), sizeof sizes);
	assert_int_equal(team_rank(NULL), 0);
	assert_int_equal(team_size(NULL), 1);
}

static void count(void *context, int i)
{
	(void)i;
	atomic_fetch_add((_Atomic int *)context, 1);
}

static void compute(void *n, struct team *t)
{
	for (int i = 0; i < 20; i++) {
		pool_run(count, n, 100);
		team_any(t, false);
	}
}

static void ranks_that_are_threads_may_use_the_pool(void **state)
{
	(void)state;
	_Atomic int n = 0;
	team_threads(3, compute, &n);
	assert_int_equal(n, 3 * 20 * 100);
}

/* ---- what ends in a message ---- */

/* What a child that runs it in a team of 3 says before it ends with status 1. */
static void assert_dies(void (*run)(void *context, struct team *t), const char *said)
{
	int pipe_of[2], status;
	char text[512] = "";
	assert_int_equal(pipe(pipe_of), 0);
	pid_t child = fork();
	if (child == 0) {
		dup2(pipe_of[1], STDERR_FILENO);
		close(pipe_of[0]);
		close(pipe_of[1]);
		team_threads(3, run, NULL);
		_exit(0);
	}
	close(pipe_of[1]);
	for (size_t n = 0; n < sizeof text - 1;) {
		ssize_t got = read(pipe_of[0], text + n, sizeof text - 1 - n);
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	close(pipe_of[0]);
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_non_null(strstr(text, said));
}

static void leave_early(void *context, struct team *t)
{
	(void)context;
	if (team_rank(t) != 2)
		team_any(t, false);
}

static void die_alone(void *context, struct team *t)
{
	(void)context;
	if (team_rank(t) == 1)
		die("rank 1 has no more memory");
	team_any(t, false);
}

static void send_too_much(void *context, struct team *t)
{
	(void)context;
	uint8_t bytes[2] = {0};
	if (team_rank(t) == 0)
		team_exchange(t, &(struct team_piece){1, bytes, 2}, 1, NULL, 0);
	if (team_rank(t) == 1)
		team_exchange(t, NULL, 0, &(struct team_piece){0, bytes, 1}, 1);
}

static void a_team_that_cannot_go_on_ends_with_a_message(void **state)
{
	(void)state;
	assert_dies(leave_early, "all ranks wait for one another");
	assert_dies(die_alone, "rank 1 has no more memory");
	assert_dies(send_too_much, "2 bytes was sent where 1 were expected");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_shared_reaches_all),
					   cmocka_unit_test(all_have_all_pieces_after_a_gather),
					   cmocka_unit_test(pieces_between_a_pair_keep_their_order),
					   cmocka_unit_test(a_flag_of_one_is_seen_by_all),
					   cmocka_unit_test(ranks_count_from_0_and_know_how_many_they_are),
					   cmocka_unit_test(a_team_that_cannot_go_on_ends_with_a_message),
					   cmocka_unit_test(ranks_that_are_threads_may_use_the_pool)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
