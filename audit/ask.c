#include "audit/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/die.h"

extern char **environ;

/* Start it with what it prints going into a pipe; *out is the end to read. */
static int start(pid_t *pid, int *out, char *const argv[])
{
	int ends[2];
	posix_spawn_file_actions_t actions;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	int status = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (status)
		close(ends[0]);
	*out = ends[0];
	return status ? -1 : 0;
}

int ask_program(char **bytes, size_t *n_bytes, char *const argv[])
{
	pid_t pid;
	int out, status = -1;
	size_t room = 1 << 16, n = 0;
	if (start(&pid, &out, argv) < 0)
		return -1;

	char *text = die_malloc(room + 1);
	for (ssize_t got; n <= ASK_MAX && (got = read(out, text + n, room - n)) > 0;) {
		n += (size_t)got;
		if (n == room)
			text = die_realloc(text, (room *= 2) + 1);
	}
	close(out);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;

	text[n] = 0;
	*bytes = text;
	*n_bytes = n;
	if (n <= ASK_MAX && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	free(text);
	return -1;
}
