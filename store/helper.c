#include "store/helper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"

#define POLL_MS 20 /* waitpid alone would miss a signal that came just before it */
#define GRACE_S 5  /* between asking a helper to end and making it */

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static pid_t start(const char *const *command)
{
	char *program = file_beside_program(command[0]);
	pid_t parent = getpid(), child = fork();
	if (child < 0)
		die("fork: %s", strerror(errno));
	if (child) {
		free(program);
		return child;
	}

	/* The helper must not outlive who started it, who may already be gone when this takes effect. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	execv(program, (char *const *)(uintptr_t)command);
	fprintf(stderr, "%s: %s\n", program, strerror(errno));
	_exit(127);
}

/* Until it ends or time is up. Where there are no descriptors of processes, by looking again and again. */
static void doze(int process)
{
	poll(&(struct pollfd){.fd = process, .events = POLLIN}, 1, POLL_MS);
}

/* A helper that hangs in a share which does not answer cannot be ended: it is left to itself. */
static int wait_for(pid_t child, int process, int most_s, const volatile bool *is_interrupted)
{
	static const int signals[] = {SIGTERM, SIGKILL};
	double ends_s = now_s() + (most_s ? most_s : 1e9);
	int status = 0;
	size_t n_sent = 0;
	bool is_late = false;
	for (pid_t ended; (ended = waitpid(child, &status, WNOHANG)) != child; doze(process)) {
		if (ended < 0 && errno != EINTR)
			die("waiting for a helper: %s", strerror(errno));
		bool is_time_up = now_s() > ends_s;
		if (!is_time_up && (!*is_interrupted || n_sent))
			continue;
		is_late |= is_time_up;
		if (n_sent == sizeof signals / sizeof *signals)
			return HELPER_LATE;
		kill(child, signals[n_sent++]);
		ends_s = now_s() + GRACE_S;
	}
	return is_late ? HELPER_LATE : WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int helper_run(const char *const *command, int most_s, const volatile bool *is_interrupted)
{
	pid_t child = start(command);
	int process = (int)syscall(SYS_pidfd_open, child, 0);
	int code = wait_for(child, process, most_s, is_interrupted);
	if (process >= 0)
		close(process);
	return code;
}
