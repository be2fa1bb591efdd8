#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "common/owner.h"
#include "store/artifact.h"
#include "store/folder.h"
#include "store/publish.h"

struct lock {
	char *path;
	int fd;
	off_t n_bytes;
};

static struct lock *held; /* a stage takes one */
static pid_t holder;

/* A program that ends while it holds the lock leaves no file; after a kill publish_clean removes it. */
static void release_held(void)
{
	if (held && holder == getpid())
		lock_release(held);
}

/* And not another file, elsewhere, that has a second name here; one that was removed meanwhile has none. */
static bool is_own_file(int fd)
{
	struct stat s;
	return fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_nlink <= 1;
}

static int open_file(const char *path)
{
	char *folder = die_printf("%s/locks", artifact_store_path());
	publish_folder(folder);
	free(folder);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0666);
	int why = errno;
	if (fd < 0 && why == EACCES) /* a colleague's, left by a kill */
		fd = publish_open(AT_FDCWD, path);
	if (fd < 0 && why != ELOOP)
		publish_die(path, "create", why);
	if (fd < 0 || !is_own_file(fd))
		die("%s is a link, and a lock is a file of its own: remove it", path);
	file_share(fd, path); /* on NFS who waits must open it for writing */
	return fd;
}

/* The one before us removes the file when done, so what we locked may be a file without a name. */
static bool is_current(const struct lock *l)
{
	struct stat ours, named;
	folder_refresh("locks");
	return fstat(l->fd, &ours) == 0 && lstat(l->path, &named) == 0 && ours.st_ino == named.st_ino &&
	       ours.st_dev == named.st_dev;
}

static void write_line(struct lock *l, const char *text)
{
	char *line = die_printf("%s\n", text);
	ssize_t n = pwrite(l->fd, line, strlen(line), l->n_bytes);
	l->n_bytes += n > 0 ? n : 0;
	free(line);
}

/* A cleaner on another host may not see the lock, but it sees this. */
static void write_owner(struct lock *l)
{
	char *owner = owner_name();
	if (ftruncate(l->fd, 0) == 0)
		write_line(l, owner);
	free(owner);
}

static void unlock(struct lock *l)
{
	if (l->fd >= 0 && flock(l->fd, LOCK_EX | LOCK_NB) == 0 && is_current(l))
		unlink(l->path);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

/* Each of the two takes its own and then looks for the other's, so one of them sees the other. */
static bool is_shut_out(const char *key)
{
	if (!strcmp(key, LOCK_ALONE))
		return false;
	char *path = die_printf("%s/locks/" LOCK_ALONE, artifact_store_path());
	folder_refresh("locks");
	bool is_held = publish_is_held(path);
	free(path);
	return is_held;
}

/* true: locked, or it never will be. */
static bool try_lock(struct lock *l)
{
	if (l->fd < 0)
		l->fd = open_file(l->path);
	if (flock(l->fd, LOCK_EX | LOCK_NB) == 0) {
		if (is_current(l)) {
			write_owner(l);
			return true;
		}
		close(l->fd);
		l->fd = -1;
		return false;
	}
	if (errno == EWOULDBLOCK || errno == EINTR)
		return false;
	warn("%s: cannot lock (%s); two runs at once may do the same work twice", l->path, strerror(errno));
	return true;
}

struct lock *lock_take(const char *key, const char *who, const volatile bool *is_interrupted)
{
	struct lock *l = die_malloc(sizeof *l);
	*l = (struct lock){die_printf("%s/locks/%s", artifact_store_path(), key), -1, 0};
	bool is_out;
	for (int tries = 0; (is_out = is_shut_out(key)) || !try_lock(l) || (is_out = is_shut_out(key));
	     tries++) {
		if (is_out)
			unlock(l);
		if (*is_interrupted) {
			lock_release(l);
			return NULL;
		}
		if (tries == 50)
			fprintf(stderr, "%s: %s; waiting for it\n", who,
				is_out || !strcmp(key, LOCK_ALONE)
					? "'store forget' is at work (<store>/locks/" LOCK_ALONE ")"
					: "another process is making this result");
		nanosleep(&(struct timespec){0, 20000000}, NULL);
	}

	if (!holder)
		atexit(release_held);
	held = l;
	holder = getpid();

	return l;
}

void lock_needs(struct lock *l, const char *id)
{
	if (l)
		write_line(l, id);
}

void lock_release(struct lock *l)
{
	if (!l)
		return;
	if (held == l)
		held = NULL;
	unlock(l);
	free(l->path);
	free(l);
}
