#include "store/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/die.h"
#include "store/artifact.h"
#include "store/folder.h"
#include "store/publish.h"

static bool is_taken(const char *path)
{
	struct stat s;
	return lstat(path, &s) == 0;
}

/* A name in <store>/damaged that is free; yours to free. */
static char *place_for(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char *folder = die_printf("%s/damaged", artifact_store_path());
	publish_folder(folder);
	char *to = die_printf("%s/%s", folder, name);
	for (int k = 2; is_taken(to); k++) {
		free(to);
		to = die_printf("%s/%s.%d", folder, name, k);
	}
	free(folder);
	return to;
}

/* to, if it came about; else freed, and NULL. */
static char *unless_failed(char *to, int status)
{
	int why = errno;
	if (status < 0) {
		free(to);
		to = NULL;
	}
	errno = why;
	return to;
}

char *aside_move(const char *path)
{
	char *to = place_for(path);
	return unless_failed(to, folder_move(path, to));
}

static int copy_link(const char *path, const char *to)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof target - 1);
	if (n < 0)
		return -1;
	target[n] = 0;
	return symlink(target, to);
}

static int copy_bytes(int from, const char *to)
{
	char piece[1 << 16];
	ssize_t n;
	struct publish *copy = publish_begin();
	while ((n = read(from, piece, sizeof piece)) > 0)
		publish_write(copy, piece, (size_t)n);
	if (n < 0) {
		int why = errno;
		publish_drop(copy);
		errno = why;
		return -1;
	}
	errno = EEXIST;
	return publish_first(copy, to) ? 0 : -1;
}

static int copy_open(int from, const char *to)
{
	struct stat s;
	if (fstat(from, &s) < 0)
		return -1;
	if (S_ISREG(s.st_mode))
		return copy_bytes(from, to);
	errno = S_ISDIR(s.st_mode) ? EISDIR : ENOTSUP;
	return -1;
}

/* Not by a second link: of another's file the kernel may allow none (fs.protected_hardlinks). */
char *aside_copy(const char *path)
{
	char *to = place_for(path);
	int from = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	bool is_link = from < 0 && errno == ELOOP;
	to = unless_failed(to, from >= 0 ? copy_open(from, to) : is_link ? copy_link(path, to) : -1);
	if (from >= 0)
		close(from);
	return to;
}
