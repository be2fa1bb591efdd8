/*
 * A folder as a remote, on a disk or a mounted share: <folder>/cas/<digest>, <folder>/ac/<digest>. A file is
 * written in <folder>/tmp, synced, made read-only and linked under its name, so that no reader on any host
 * sees a part and the first writer stays. Folders are made with the mode of <folder> itself; with the
 * set-group-id bit there (docs/sharing.md) files may be read by whom that mode lets read, else by whom the
 * writer's umask lets. Others may write there too:
 * what is put or removed goes through these three folders, opened once and never through a link, so that who
 * puts a link in their place has nothing written or removed elsewhere.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "common/owner.h"
#include "remote/transport_kinds.h"

#define STALE_S (7 * 86400) /* of a temporary file whose host cannot be asked */

struct folder {
	struct transport transport;
	char *root;
	int tmp, cas, ac; /* open; -1: nothing was put yet */
};

static int fail(struct error *e, const char *path, const char *doing)
{
	const char *advice = errno == ENOSPC || errno == EDQUOT ? "; the remote is full"
			     : errno == EACCES || errno == EPERM || errno == EROFS
				     ? "; ask its owner for the right to, or use it read-only"
				     : "";
	return error_set_cause(e, path, errno, "cannot %s: %s%s", doing, strerror(errno), advice);
}

static bool accepts(const char *url)
{
	return *url && (!strncmp(url, "file:///", 8) || !strstr(url, "://"));
}

static struct transport *open_folder(const char *url, const struct transport_options *o, struct error *e)
{
	const char *root = strncmp(url, "file://", 7) ? url : url + 7;
	struct stat s;
	(void)o;
	int why = stat(root, &s) < 0 ? errno : S_ISDIR(s.st_mode) ? 0 : ENOTDIR;
	if (why) {
		error_set_cause(e, root, why,
				"the remote is no folder that is there; make it (or mount it) and try again");
		return NULL;
	}
	struct folder *f = die_calloc(1, sizeof *f);
	f->transport.kind = &transport_folder;
	f->root = die_strdup(root);
	f->tmp = f->cas = f->ac = -1;
	return &f->transport;
}

static void close_folder(struct transport *t)
{
	struct folder *f = (struct folder *)t;
	const int inner[] = {f->tmp, f->cas, f->ac};
	for (size_t i = 0; i < sizeof inner / sizeof *inner; i++)
		if (inner[i] >= 0)
			close(inner[i]);
	free(f->root);
	free(f);
}

/* ---- reading ---- */

static int refuse(struct error *e, const char *path)
{
	return error_set(e, path, 0, "is no plain file; the remote is damaged");
}

/* A name in a shared folder may stand for anything: only a plain file is opened, and nothing waits. */
static int open_file(const char *path, struct stat *s, struct error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), why = errno;
	if (fd < 0) {
		bool is_link = lstat(path, s) == 0 && S_ISLNK(s->st_mode);
		if (why == ENXIO || why == ELOOP || (why == ENOENT && is_link))
			return refuse(e, path); /* a socket, a link that leads nowhere */
		errno = why;
		return why == ENOENT ? 0 : fail(e, path, "open");
	}
	bool is_seen = fstat(fd, s) == 0;
	if (is_seen && S_ISREG(s->st_mode))
		return fd;
	int status = is_seen ? refuse(e, path) : fail(e, path, "look at");
	close(fd);
	return status;
}

static int read_file(int fd, const char *path, size_t n, struct bytes *body, struct error *e)
{
	size_t room = body->n + n;
	if (room > body->room) {
		body->first = die_realloc(body->first, room + 1);
		body->room = room;
	}
	while (body->n < room) {
		ssize_t got = read(fd, body->first + body->n, room - body->n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail(e, path, "read");
		if (got == 0)
			return error_set_cause(e, path, EIO, "ends before its length; was it cut meanwhile?");
		body->n += (size_t)got;
	}
	return 1;
}

static int get(struct transport *t, const char *name, size_t max, struct bytes *body, struct error *e)
{
	struct folder *f = (struct folder *)t;
	char *path = die_printf("%s/%s", f->root, name);
	struct stat s;
	int fd = open_file(path, &s, e), status = fd;
	if (fd > 0) {
		status = (uint64_t)s.st_size > max
				 ? error_set(e, path, 0, "has %lld bytes; %zu at most were expected",
					     (long long)s.st_size, max)
				 : read_file(fd, path, (size_t)s.st_size, body, e);
		close(fd);
	}
	free(path);
	return status;
}

static int head(struct transport *t, const char *name, struct error *e)
{
	struct folder *f = (struct folder *)t;
	char *path = die_printf("%s/%s", f->root, name);
	struct stat s;
	int status = lstat(path, &s) == 0 ? 1 : errno == ENOENT ? 0 : fail(e, path, "look for");
	free(path);
	return status;
}

/* ---- writing ---- */

/* Open a folder of the remote, which is made if it is not there: as the remote's own is, whatever this user's
 * umask, for others write here too. */
static int open_inner(const struct folder *f, int root, const char *name, struct error *e)
{
	struct stat like;
	char *path = die_printf("%s/%s", f->root, name);
	bool is_new = mkdirat(root, name, 0777) == 0;
	int fd = is_new || errno == EEXIST
			 ? openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
			 : -1;
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		error_set(e, path, 0,
			  "is a link or a file, and a remote's own folders must be folders of it");
	else if (fd < 0)
		fail(e, path, "make");
	else if (is_new && fstat(root, &like) == 0)
		(void)!fchmod(fd, like.st_mode & 07777);
	free(path);
	return fd;
}

/* What killed processes left; of other hosts only what is old. */
static void clean(struct transport *t)
{
	const struct folder *f = (struct folder *)t;
	char *path = die_printf("%s/tmp", f->root);
	DIR *d = file_open_folder(path);
	for (struct dirent *entry; d && (entry = readdir(d));) {
		struct stat s;
		if (entry->d_name[0] == '.' || fstatat(dirfd(d), entry->d_name, &s, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (owner_of(entry->d_name) == OWNER_GONE || s.st_mtime < time(NULL) - STALE_S)
			unlinkat(dirfd(d), entry->d_name, 0);
	}
	if (d)
		closedir(d);
	free(path);
}

static int prepare(struct folder *f, struct error *e)
{
	if (f->ac >= 0)
		return 0;
	int root = open(f->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return fail(e, f->root, "look at");
	if (f->tmp < 0)
		f->tmp = open_inner(f, root, "tmp", e);
	if (f->tmp >= 0 && f->cas < 0)
		f->cas = open_inner(f, root, "cas", e);
	if (f->cas >= 0)
		f->ac = open_inner(f, root, "ac", e);
	close(root);
	if (f->ac < 0)
		return -1;
	clean(&f->transport);
	return 0;
}

/* A new file of tmp with these bytes, durable and read-only; path is its name in messages. */
static int write_new(const struct folder *f, const char *name, const char *path, const void *bytes, size_t n,
		     struct error *e)
{
	struct stat s;
	int fd = openat(f->tmp, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return fail(e, path, "create");
	file_share(fd, path);
	int status = file_write(fd, bytes, n) < 0 || fstat(fd, &s) < 0 || fchmod(fd, s.st_mode & 0444) < 0 ||
				     fsync(fd) < 0
			     ? fail(e, path, "write")
			     : 0;
	if (close(fd) < 0 && status == 0)
		status = fail(e, path, "write");
	return status;
}

/* Where a name is put. */
struct place {
	int folder;
	const char *name; /* in that folder; borrowed */
	char *path;	  /* for messages */
};

/* name: "cas/..." or "ac/..." */
static struct place place_of(const struct folder *f, const char *name)
{
	return (struct place){strncmp(name, "cas/", 4) ? f->ac : f->cas, strchr(name, '/') + 1,
			      die_printf("%s/%s", f->root, name)};
}

/* 1, or 0 if the name was taken. A share without links has rename, which replaces: by bytes that say the
 * same, of content; of an entry whoever comes last. */
static int name_it(const struct folder *f, const char *from, const struct place *to, struct error *e)
{
	struct stat s;
	if (linkat(f->tmp, from, to->folder, to->name, 0) == 0)
		return 1;
	if (errno == EEXIST)
		return 0;
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS && errno != EMLINK)
		return fail(e, to->path, "publish");
	if (fstatat(to->folder, to->name, &s, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	return renameat(f->tmp, from, to->folder, to->name) < 0 ? fail(e, to->path, "publish") : 1;
}

static int put(struct transport *t, const char *name, const void *bytes, size_t n, bool is_replacing,
	       struct error *e)
{
	struct folder *f = (struct folder *)t;
	int status = is_replacing ? 0 : head(t, name, e);
	if (status != 0)
		return status < 0 ? -1 : 0;
	if (prepare(f, e) < 0)
		return -1;

	char *own = owner_name(), *path = die_printf("%s/tmp/%s", f->root, own);
	struct place to = place_of(f, name);
	status = write_new(f, own, path, bytes, n, e);
	if (status == 0 && is_replacing)
		status = renameat(f->tmp, own, to.folder, to.name) < 0 ? fail(e, to.path, "replace") : 1;
	else if (status == 0)
		status = name_it(f, own, &to, e);
	unlinkat(f->tmp, own, 0);

	free(own);
	free(path);
	free(to.path);
	return status;
}

static int sync_folder(const struct folder *f, const char *name, struct error *e)
{
	char *path = die_printf("%s/%s", f->root, name);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), status = 0;
	if (fd < 0 && errno != ENOENT)
		status = fail(e, path, "open");
	if (fd >= 0 && fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
		status = fail(e, path, "sync");
	if (fd >= 0)
		close(fd);
	free(path);
	return status;
}

static int flush(struct transport *t, struct error *e)
{
	const struct folder *f = (struct folder *)t;
	return sync_folder(f, "cas", e) < 0 || sync_folder(f, "ac", e) < 0 ? -1 : 0;
}

const struct transport_kind transport_folder = {
	.name = "folder",
	.is_local = true,
	.takes = "a folder",
	.accepts = accepts,
	.open = open_folder,
	.get = get,
	.head = head,
	.put = put,
	.flush = flush,
	.clean = clean,
	.close = close_folder,
};
