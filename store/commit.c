#include "store/commit.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"

#define MAX_REFS ((size_t)64 << 20)

/* A text file without its last newline, or NULL. */
static char *read_text(const char *folder, const char *name)
{
	char *path = die_printf("%s/%s", folder, name), *text = NULL;
	size_t n;
	if (file_read(&text, &n, path, MAX_REFS, NULL) == 0 && n && text[n - 1] == '\n')
		text[n - 1] = 0;
	free(path);
	return text;
}

/* root/.git, or the folder that a file .git names ("gitdir: ..."), as in a linked work tree. */
static char *find_git(const char *root)
{
	struct stat s;
	char *path = die_printf("%s/.git", root), *git = NULL;
	if (stat(path, &s) == 0 && S_ISDIR(s.st_mode))
		return path;
	char *text = read_text(root, ".git");
	if (text && !strncmp(text, "gitdir: ", 8))
		git = text[8] == '/' ? die_strdup(text + 8) : die_printf("%s/%s", root, text + 8);
	free(text);
	free(path);
	return git;
}

static bool take(char commit[65], const char *text)
{
	size_t n = strspn(text, "0123456789abcdef");
	if (n != 40 && n != 64)
		return false;
	memcpy(commit, text, n);
	commit[n] = 0;
	return true;
}

/* Lines "<hex> <ref>". */
static bool find_packed(char commit[65], const char *git, const char *ref)
{
	char *refs = read_text(git, "packed-refs"), *rest = refs;
	bool is_found = false;
	for (char *line; !is_found && (line = strsep(&rest, "\n"));) {
		char *space = strchr(line, ' ');
		is_found = space && !strcmp(space + 1, ref) && take(commit, line);
	}
	free(refs);
	return is_found;
}

static bool find_ref(char commit[65], const char *git, const char *ref)
{
	char *text = read_text(git, ref);
	bool is_found = text && take(commit, text);
	free(text);
	return is_found || find_packed(commit, git, ref);
}

bool commit_of(char commit[65], const char *root)
{
	char *git = find_git(root), *head = git ? read_text(git, "HEAD") : NULL, *common = NULL;
	bool is_found = false;
	if (head && strncmp(head, "ref: ", 5))
		is_found = take(commit, head);
	else if (head)
		is_found = find_ref(commit, git, head + 5);
	if (head && !is_found &&
	    (common = read_text(git, "commondir"))) { /* a linked work tree keeps its refs there */
		char *shared = common[0] == '/' ? die_strdup(common) : die_printf("%s/%s", git, common);
		is_found = !strncmp(head, "ref: ", 5) && find_ref(commit, shared, head + 5);
		free(shared);
	}
	free(common);
	free(head);
	free(git);
	return is_found;
}

static bool is_our_root(const char *root)
{
	char *a = die_printf("%s/pipeline.mk", root), *b = die_printf("%s/store/commit.c", root);
	bool is_ours = file_exists(a) && file_exists(b);
	free(a);
	free(b);
	return is_ours;
}

/* Climb from path (changed) to the first folder that is ours. */
static bool climb(char commit[65], char *path)
{
	for (;;) {
		if (is_our_root(path[0] ? path : "/"))
			return commit_of(commit, path);
		char *slash = strrchr(path, '/');
		if (!slash)
			return false;
		*slash = 0;
	}
}

bool commit_read(char commit[65])
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	if (n > 0) {
		path[n] = 0;
		if (climb(commit, path))
			return true;
	}
	return getcwd(path, sizeof path) && climb(commit, path);
}
