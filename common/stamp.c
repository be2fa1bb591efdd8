#include "common/stamp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "common/owner.h"

static int fail(struct error *e, const char *path, const char *doing)
{
	return error_set(e, path, 0, "cannot %s: %s", doing, strerror(errno));
}

static bool is_later(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){0, ms * 1000000}, NULL);
}

/* Set the file's mtime to now (which: of its file system) and read it back. */
static int touch(int fd, struct timespec *t)
{
	struct stat st;
	if (futimens(fd, NULL) < 0 || fstat(fd, &st) < 0)
		return -1;
	*t = st.st_mtim;
	return 0;
}

/* The file system's clock must pass T0, else an edit in the same tick would bear T0 itself and stay unseen;
 * and so must the kernel's coarse clock, which other file systems use for theirs. */
static int wait_tick(int fd, struct timespec t0)
{
	struct timespec t;
	for (int i = 0; i < 3000; i++) {
		if (touch(fd, &t) < 0)
			return -1;
		if (is_later(t, t0))
			break;
		sleep_ms(1);
	}

	for (int i = 0; i < 20; i++) { /* bounded: a server's clock may run ahead of ours */
		clock_gettime(CLOCK_REALTIME_COARSE, &t);
		if (is_later(t, t0))
			break;
		sleep_ms(1);
	}

	return 0;
}

/* A file without a name in folder, or -1. */
static int open_nameless(const char *folder)
{
	int fd;
	do {
		char *owner = owner_name(), *name = die_printf("%s/.t0.%s.new", folder, owner);
		fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd >= 0)
			unlink(name);
		free(owner);
		free(name);
	} while (fd < 0 && errno == EEXIST);
	return fd;
}

int stamp_begin(struct stamp *s, const char *folder, struct error *e)
{
	int fd = open_nameless(folder), status = 0;
	if (fd < 0)
		return fail(e, folder, "create a file in it");
	if (touch(fd, &s->t0) < 0 || wait_tick(fd, s->t0) < 0)
		status = fail(e, folder, "read its clock");
	close(fd);
	return status;
}

/* Whether the stamp there says the same and was begun later, by another process. One from the future is not
 * believed. */
static bool is_outdone(const struct stamp *s, const char *path, const char *text)
{
	struct error unused = {0};
	struct stamp now;
	struct stat st;
	if (!*text || stat(path, &st) < 0 || !is_later(st.st_mtim, s->t0))
		return false;

	size_t n, n_text = strlen(text);
	const char *slash = strrchr(path, '/');
	char *there = NULL,
	     *folder = slash ? die_printf("%.*s", (int)(slash - path) + 1, path) : die_strdup(".");
	bool is = file_read(&there, &n, path, n_text, &unused) == 0 && n == n_text &&
		  !memcmp(there, text, n) && stamp_begin(&now, folder, &unused) == 0 &&
		  !is_later(st.st_mtim, now.t0);
	free(folder);
	free(there);
	return is;
}

int stamp_end(const struct stamp *s, const char *path, const char *text, struct error *e)
{
	if (is_outdone(s, path, text))
		return 0;
	struct timespec times[2] = {s->t0, s->t0};
	char *owner = owner_name(), *name = die_printf("%s.%s.new", path, owner);
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int status =
		fd < 0 || file_write(fd, text, strlen(text)) < 0 || futimens(fd, times) < 0 || fsync(fd) < 0
			? -1
			: 0;
	if (fd >= 0)
		file_share(fd, name);
	if (fd >= 0 && close(fd) < 0)
		status = -1;
	if (status == 0 && rename(name, path) < 0)
		status = -1;
	if (status < 0) {
		fail(e, path, "stamp");
		unlink(name);
	}
	free(owner);
	free(name);
	return status;
}
