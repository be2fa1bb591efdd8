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

enum { MOST = 7, LENGTH = 1000 };

/* The i-th byte of what rank r has. */
static uint8_t byte(int r, size_t i)
{
	return (uint8_t)(r * 37 + (int)(i % 251) + 1);
}

static void fill(uint8_t *to, int r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = byte(r, i);
}

static void assert_filled(const uint8_t *got, int r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (got[i] != byte(r, i))
			fail_msg("byte %zu of rank %d: %d", i, r, got[i]);
}

static void each_size(void (*run)(void *context, struct team *t))
{
	for (int size = 1; size <= MOST; size++)
		team_threads(size, run, &size);
}

static void share(void *size, struct team *t)
{
	assert_int_equal(team_size(t), *(int *)size);
	for (int root = 0; root < team_size(t); root++) {
		uint8_t bytes[LENGTH] = {0};
		if (team_rank(t) == root)
			fill(bytes, root, LENGTH);
		team_share(t, bytes, LENGTH, root);
		assert_filled(bytes, root, LENGTH);
	}
}

static void what_is_shared_reaches_all(void **state)
{
	(void)state;
	each_size(share);
	uint8_t one = 1;
	team_share(NULL, &one, 1, 0);
	assert_int_equal(one, 1);
}

/* Ranks have pieces of different lengths, rank 1 an empty one. */
static void gather(void *size, struct team *t)
{
	(void)size;
	size_t n_bytes[MOST], at = 0;
	uint8_t all[MOST * LENGTH] = {0};
	for (int r = 0; r < team_size(t); r++) {
		n_bytes[r] = r == 1 ? 0 : (size_t)(r * 131 % LENGTH);
		if (r == team_rank(t))
			fill(all + at, r, n_bytes[r]);
		at += n_bytes[r];
	}
	team_gather(t, all, n_bytes);
	at = 0;
	for (int r = 0; r < team_size(t); at += n_bytes[r++])
		assert_filled(all + at, r, n_bytes[r]);
}

static void all_have_all_pieces_after_a_gather(void **state)
{
	(void)state;
	each_size(gather);
	uint8_t one = 1;
	team_gather(NULL, &one, &(size_t){1});
	assert_int_equal(one, 1);
}

/* Each rank sends two pieces to each rank, itself too: the first longer than the second. */
static void exchange(void *size, struct team *t)
{
	(void)size;
	int n = team_size(t), self = team_rank(t);
	static uint8_t out[MOST][2][LENGTH], in[MOST][MOST][2][LENGTH];
	struct team_piece send[2 * MOST], receive[2 * MOST];
	memset(in[self], 0, sizeof in[self]);
	fill(out[self][0], self, LENGTH);
	fill(out[self][1], self + 100, 10);
	for (int r = 0; r < n; r++)
		for (int k = 0; k < 2; k++) {
			send[2 * r + k] = (struct team_piece){r, out[self][k], k ? 10 : LENGTH};
			receive[2 * (n - 1 - r) + k] =
				(struct team_piece){r, in[self][r][k], k ? 10 : LENGTH};
		}
	team_exchange(t, send, 2 * n, receive, 2 * n);
	for (int r = 0; r < n; r++) {
		assert_filled(in[self][r][0], r, LENGTH);
		assert_filled(in[self][r][1], r + 100, 10);
	}
}

static void pieces_between_a_pair_keep_their_order(void **state)
{
	(void)state;
	each_size(exchange);
	uint8_t from = 5, to = 0;
	team_exchange(NULL, &(struct team_piece){0, &from, 1}, 1, &(struct team_piece){0, &to, 1}, 1);
	assert_int_equal(to, 5);
}

static void any(void *size, struct team *t)
{
	(void)size;
	assert_false(team_any(t, false));
	for (int r = 0; r < team_size(t); r++)
		assert_true(team_any(t, r == team_rank(t)));
}

static void a_flag_of_one_is_seen_by_all(void **state)
{
	(void)state;
	each_size(any);
	assert_true(team_any(NULL, true));
	assert_false(team_any(NULL, false));
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
					   cmocka_unit_test(a_team_that_cannot_go_on_ends_with_a_message),
					   cmocka_unit_test(ranks_that_are_threads_may_use_the_pool)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
