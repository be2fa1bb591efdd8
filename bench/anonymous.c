/*
 * make bench-memory: run a command and append to a file the most anonymous memory (RssAnon: heap and stacks,
 * not mapped files) that its process had, looked at every two milliseconds. Ends as the command does.
 *
 *	bench-anonymous OUTPUT COMMAND [ARGUMENT...]  adds "embed 91232" (the command's name, kB) to OUTPUT
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/die.h"

/* RssAnon of a process in kB; 0 if it has ended, or has not become the command yet. */
static long anonymous_kb(const char *status_file)
{
	char line[256];
	long kb = 0;
	FILE *f = fopen(status_file, "r");
	while (f && !kb && fgets(line, sizeof line, f))
		sscanf(line, "RssAnon: %ld kB", &kb);
	if (f)
		fclose(f);
	return kb;
}

static pid_t start(char **command)
{
	pid_t child = fork();
	if (child < 0)
		die("cannot fork: %s", strerror(errno));
	if (child == 0) {
		execvp(command[0], command);
		die("%s: %s", command[0], strerror(errno));
	}
	return child;
}

static int watch(pid_t child, long *most_kb)
{
	char *status_file = die_printf("/proc/%ld/status", (long)child);
	const struct timespec pause = {.tv_nsec = 2000000};
	int status;

	while (waitpid(child, &status, WNOHANG) == 0) {
		long kb = anonymous_kb(status_file);
		*most_kb = kb > *most_kb ? kb : *most_kb;
		nanosleep(&pause, NULL);
	}
	free(status_file);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	die_program("bench-anonymous");
	if (argc < 3)
		die_usage("expected OUTPUT COMMAND [ARGUMENT...]");
	/* Ctrl-C is the command's business: it may want to save what it has. */
	signal(SIGINT, SIG_IGN);

	long most_kb = 0;
	int code = watch(start(argv + 2), &most_kb);
	const char *slash = strrchr(argv[2], '/');
	FILE *f = fopen(argv[1], "a");
	if (!f)
		die("%s: %s", argv[1], strerror(errno));
	fprintf(f, "%s %ld\n", slash ? slash + 1 : argv[2], most_kb);
	if (fclose(f))
		die("%s: %s", argv[1], strerror(errno));
	return code;
}
