/* Cleaners run in every stage of a shared store, so they must never take a living process's file. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/file.h"
#include "store/publish.h"
#include "tests/unit/own_store.h"

enum { ROUNDS = 300, CLEANERS = 2 };

static _Noreturn void clean_for_ever(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		publish_clean();
}

static void cleaners_leave_living_files_alone(void **state)
{
	(void)state;
	pid_t cleaner[CLEANERS];
	char path[256];

	for (int i = 0; i < CLEANERS; i++)
		if (!(cleaner[i] = fork()))
			clean_for_ever();
	int n_there = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct publish *p = publish_begin();
		publish_write(p, &i, sizeof i);
		snprintf(path, sizeof path, "%s/objects/aa/%d", store, i);
		publish_end(p, path); /* dies if its file is gone */
		n_there += file_exists(path);
	}

	for (int i = 0; i < CLEANERS; i++) {
		kill(cleaner[i], SIGKILL);
		waitpid(cleaner[i], NULL, 0);
	}

	assert_int_equal(n_there, ROUNDS);
}

static void a_dead_process_leaves_nothing(void **state)
{
	(void)state;
	struct {
		char path[256];
	} *left = mmap(NULL, sizeof *left, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child = fork();
	if (!child) {
		snprintf(left->path, sizeof left->path, "%s", publish_path(publish_begin()));
		kill(getpid(), SIGKILL);
	}
	waitpid(child, NULL, 0);
	assert_true(file_exists(left->path));
	assert_int_equal(publish_clean(), 1);
	assert_false(file_exists(left->path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cleaners_leave_living_files_alone),
		cmocka_unit_test(a_dead_process_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, make_store, remove_store);
}
