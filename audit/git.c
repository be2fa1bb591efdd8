#include "audit/git.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/die.h"

#define MAX_FILE ((size_t)16 << 20)

extern char **environ;

/* Start git with what it prints going into a pipe; *out is the end to read. */
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
	int status = posix_spawnp(pid, "git", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (status)
		close(ends[0]);
	*out = ends[0];
	return status ? -1 : 0;
}

/* All that git prints, yours to free; -1 if it fails or prints more than max. */
static int ask(char **bytes, size_t *n_bytes, char *const argv[])
{
	pid_t pid;
	int out, status = 0;
	size_t room = 1 << 16, n = 0;
	if (start(&pid, &out, argv) < 0)
		return -1;

	char *text = die_malloc(room + 1);
	for (ssize_t got; n <= MAX_FILE && (got = read(out, text + n, room - n)) > 0;) {
		n += (size_t)got;
		if (n == room)
			text = die_realloc(text, (room *= 2) + 1);
	}
	close(out);
	while (waitpid(pid, &status, 0) < 0)
		;

	text[n] = 0;
	*bytes = text;
	*n_bytes = n;
	if (n <= MAX_FILE && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	free(text);
	return -1;
}

static bool is_commit(const char *commit)
{
	size_t n = strlen(commit);
	return (n == 40 || n == 64) && strspn(commit, "0123456789abcdef") == n;
}

bool git_has(const char *commit)
{
	char *text, *object = die_printf("%s^{commit}", commit);
	size_t n;
	bool has = is_commit(commit) &&
		   ask(&text, &n, (char *[]){"git", "rev-parse", "--verify", "--quiet", object, NULL}) == 0;
	if (has)
		free(text);
	free(object);
	return has;
}

int git_read(char **bytes, size_t *n_bytes, const char *commit, const char *path)
{
	if (!is_commit(commit))
		return -1;
	char *object = die_printf("%s:%s", commit, path);
	int status = ask(bytes, n_bytes, (char *[]){"git", "cat-file", "blob", object, NULL});
	free(object);
	return status;
}
