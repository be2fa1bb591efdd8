#include "store/helper.h"

#include <errno.h>
#include <fcntl.h>
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

/* What a helper is held to. */
struct watch {
	pid_t child;
	int process; /* its descriptor; -1: this kernel has none */
	int output;  /* of what it writes; -1: nobody listens, or no more will come */
	int patience_s;
	double began_s, moved_s; /* when it last wrote something */
};

static _Noreturn void run_child(const char *program, const char *const *command, int output)
{
	if (output >= 0 && dup2(output, STDOUT_FILENO) < 0)
		_exit(127);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	execv(program, (char *const *)(uintptr_t)command);
	fprintf(stderr, "%s: %s\n", program, strerror(errno));
	_exit(127);
}

static pid_t start(const char *const *command, int output)
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
	run_child(program, command, output);
}

/* Whatever was written is a sign of life. */
static void hear(struct watch *w)
{
	char bytes[4096];
	ssize_t n = read(w->output, bytes, sizeof bytes);
	if (n > 0) {
		w->moved_s = now_s();
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		close(w->output);
		w->output = -1;
	}
}

/* Until it ends, or writes, or time is up. Where there are no descriptors of processes, by looking again and
 * again. */
static void doze(struct watch *w)
{
	struct pollfd on[] = {{.fd = w->process, .events = POLLIN}, {.fd = w->output, .events = POLLIN}};
	if (poll(on, 2, POLL_MS) > 0 && on[1].revents)
		hear(w);
}

static bool is_late(const struct watch *w)
{
	double now = now_s();
	return w->patience_s && (now > w->moved_s + w->patience_s ||
				 now > w->began_s + (double)HELPER_PATIENCES * w->patience_s);
}

/* A helper that hangs in a share which does not answer cannot be ended: it is left to itself. */
static int wait_for(struct watch *w, const volatile bool *is_interrupted)
{
	static const int signals[] = {SIGTERM, SIGKILL};
	double ends_s = 0; /* of the grace after a signal */
	int status = 0;
	size_t n_sent = 0;
	bool was_late = false;
	for (pid_t ended; (ended = waitpid(w->child, &status, WNOHANG)) != w->child; doze(w)) {
		if (ended < 0 && errno != EINTR)
			die("waiting for a helper: %s", strerror(errno));
		if (n_sent == 0)
			was_late = is_late(w);
		if (n_sent ? now_s() < ends_s : !was_late && !*is_interrupted)
			continue;
		if (n_sent == sizeof signals / sizeof *signals)
			return HELPER_LATE;
		kill(w->child, signals[n_sent++]);
		ends_s = now_s() + GRACE_S;
	}
	return was_late ? HELPER_LATE : WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int helper_run(const char *const *command, int patience_s, const volatile bool *is_interrupted)
{
	struct watch w = {.process = -1, .output = -1, .patience_s = patience_s};
	int ends[2] = {-1, -1};
	if (patience_s && (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0))
		die("cannot make a pipe for a helper: %s", strerror(errno));
	w.child = start(command, ends[1]);
	w.process = (int)syscall(SYS_pidfd_open, w.child, 0);
	w.output = ends[0];
	w.began_s = w.moved_s = now_s();
	if (ends[1] >= 0)
		close(ends[1]);

	int code = wait_for(&w, is_interrupted);
	if (w.process >= 0)
		close(w.process);
	if (w.output >= 0)
		close(w.output);
	return code;
}
