#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/owner.h"

/* A child that says its owner_name and then waits to be killed. */
static pid_t child(char name[200])
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		char *own = owner_name();
		if (write(ends[1], own, strlen(own) + 1) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	assert_true(pid > 0 && read(ends[0], name, 200) > 0);
	close(ends[0]);
	return pid;
}

static void end(pid_t pid)
{
	siginfo_t info;
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static enum owner owner_of_text(const char *format, long pid, const char *host)
{
	char name[300];
	snprintf(name, sizeof name, format, pid, host);
	return owner_of(name);
}

static void a_process_that_runs_lives(void **state)
{
	(void)state;
	char name[200], *own = owner_name(), host[OWNER_HOST_BYTES];
	pid_t pid = child(name);
	owner_host(host);
	assert_int_equal(owner_of(own), OWNER_LIVES);
	assert_int_equal(owner_of(name), OWNER_LIVES);
	assert_int_equal(owner_of_text("%ld-3@%s", pid, host), OWNER_LIVES); /* as versions before wrote it */
	assert_int_equal(owner_of_text("a-1-2.id.%ld-3@%s.new", pid, host), OWNER_LIVES);
	end(pid);
	waitpid(pid, NULL, 0);
	free(own);
}

/* Its parent may be a container's first process, which never asks. */
static void one_that_ended_is_gone_before_its_parent_has_asked(void **state)
{
	(void)state;
	char name[200], host[OWNER_HOST_BYTES];
	pid_t pid = child(name);
	owner_host(host);
	end(pid);
	assert_int_equal(kill(pid, 0), 0); /* its number is still taken */
	assert_int_equal(owner_of(name), OWNER_GONE);
	assert_int_equal(owner_of_text("%ld-3@%s", pid, host), OWNER_GONE);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(owner_of(name), OWNER_GONE);
}

static void another_process_of_the_same_number_is_another(void **state)
{
	(void)state;
	char host[OWNER_HOST_BYTES];
	owner_host(host);
	assert_int_equal(owner_of_text("probe.txt.%ld-1-0@%s.new", getpid(), host), OWNER_GONE);
	assert_int_equal(owner_of_text("%ld-1-0@%s\n", getpid(), host), OWNER_GONE);
}

static void names_of_others_are_theirs(void **state)
{
	(void)state;
	char host[OWNER_HOST_BYTES];
	owner_host(host);
	assert_int_equal(owner_of_text("x.%ld-1-0@%s-too.new", getpid(), host), OWNER_ELSEWHERE);
	assert_int_equal(owner_of_text("x.%ld-0@%s.txt", getpid(), host), OWNER_ELSEWHERE);
	static const char *const none[] = {"x.%ld@%s.new",     "x.-%ld@%s.new", "x.0-%ld@%s.new",
					   "-1-%ld@%s",	       "y%ld-2-3@%s",	"x.1-2-3-%ld@%s.new",
					   "x.y1-2-%ld@%s.new"};
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		assert_int_equal(owner_of_text(none[i], 7, host), OWNER_NONE);
	assert_int_equal(owner_of("mine.new"), OWNER_NONE);
	assert_int_equal(owner_of("@"), OWNER_NONE);
	assert_int_equal(owner_of(""), OWNER_NONE);
}

static void no_name_is_given_twice(void **state)
{
	(void)state;
	char *a = owner_name(), *b = owner_name(), name[200];
	pid_t pid = child(name);
	end(pid);
	waitpid(pid, NULL, 0);
	assert_string_not_equal(a, b);
	assert_string_not_equal(b, name);
	free(a);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_that_runs_lives),
		cmocka_unit_test(one_that_ended_is_gone_before_its_parent_has_asked),
		cmocka_unit_test(another_process_of_the_same_number_is_another),
		cmocka_unit_test(names_of_others_are_theirs),
		cmocka_unit_test(no_name_is_given_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
