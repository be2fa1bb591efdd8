#include "store/errand.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "store/artifact.h"
#include "store/sharing.h"

#define SILENT_S 600 /* a remote that was not there is not asked again by the same make */

/* ---- whether the remote was there ---- */

/* <store>/remote.down: who found it so. */
static char *mark_path(void)
{
	return die_printf("%s/remote.down", artifact_store_path());
}

/* Stages of one make have one parent. */
static char *mark_text(const struct sharing *s)
{
	return die_printf("%ld %s\n", (long)getppid(), s->url);
}

static void mark_down(const struct sharing *s)
{
	char *path = mark_path(), *text = mark_text(s);
	file_replace(path, text, strlen(text), NULL); /* not writable: then it is said again */
	free(path);
	free(text);
}

static void forget_mark(void)
{
	char *path = mark_path();
	unlink(path);
	free(path);
}

/* A mark that is old, or of another make or remote, says nothing any more. */
static bool is_down(const struct sharing *s)
{
	char *path = mark_path(), *text = mark_text(s), *found = NULL;
	size_t n;
	struct stat st;
	bool is_fresh = stat(path, &st) == 0 && st.st_mtime > time(NULL) - SILENT_S;
	bool is = is_fresh && file_read(&found, &n, path, 8192, NULL) == 0 && !strcmp(found, text);
	if (!is_fresh)
		unlink(path);
	free(path);
	free(text);
	free(found);
	return is;
}

/* ---- the helper ---- */

static pid_t start(const char *command, const char *key)
{
	char *helper = file_beside_program("remote");
	pid_t parent = getpid(), child = fork();
	if (child < 0)
		die("fork: %s", strerror(errno));
	if (child) {
		free(helper);
		return child;
	}

	/* The helper must not outlive a killed stage; the stage may already be gone when this takes effect.
	 * */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	execl(helper, "remote", command, key, (char *)NULL);
	fprintf(stderr, "%s: %s\n", helper, strerror(errno));
	_exit(1);
}

/* Its exit code; waitpid alone would miss a signal that came just before it. */
static int wait_for(pid_t child, const volatile bool *is_interrupted)
{
	int status = 0;
	long pause_ns = 500000;
	bool is_told = false;
	for (pid_t ended; (ended = waitpid(child, &status, WNOHANG)) != child;) {
		if (ended < 0 && errno != EINTR)
			die("waiting for the helper: %s", strerror(errno));
		if (*is_interrupted && !is_told)
			is_told = kill(child, SIGTERM) == 0;
		nanosleep(&(struct timespec){.tv_nsec = pause_ns}, NULL);
		pause_ns = pause_ns < 20000000 ? pause_ns * 5 / 4 : pause_ns;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Whether it was done. */
static bool send_helper(const char *command, const char *key, bool is_writing,
			const volatile bool *is_interrupted)
{
	struct sharing s;
	struct error e = {0};
	if (sharing_read(&s, &e) < 0)
		die("%s", error_text(&e));
	bool is_done = false;
	if (s.url && (s.can_write || !is_writing) && !is_down(&s)) {
		int code = wait_for(start(command, key), is_interrupted);
		is_done = code == 0 && !*is_interrupted;
		if (code == ERRAND_UNREACHABLE)
			mark_down(&s);
		else if (code == 0 || code == ERRAND_ABSENT)
			forget_mark();
	}
	sharing_release(&s);
	return is_done;
}

bool errand_take(const char *key, const volatile bool *is_interrupted)
{
	return send_helper("take", key, false, is_interrupted);
}

void errand_give(const char *key, const volatile bool *is_interrupted)
{
	send_helper("give", key, true, is_interrupted);
}
