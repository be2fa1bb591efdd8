#include "audit/git.h"

#include <stdlib.h>
#include <string.h>

#include "audit/ask.h"
#include "common/die.h"

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
		   ask_program(&text, &n,
			       (char *[]){"git", "rev-parse", "--verify", "--quiet", object, NULL}) == 0;
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
	int status = ask_program(bytes, n_bytes, (char *[]){"git", "cat-file", "blob", object, NULL});
	free(object);
	return status;
}
