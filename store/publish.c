#include "store/publish.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "common/owner.h"
#include "store/artifact.h"
#include "store/folder.h"

struct publish {
	char *path;
	int fd;
	pid_t owner; /* a forked child must not remove its parent's files */
	struct publish *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct publish *open_files;

/* LMDB says EIO for any short write; find out what stopped it. */
static int cause_of(const char *path, int why)
{
	struct stat s;
	struct rlimit limit;
	struct statvfs disk;
	if (why != EIO)
		return why;
	if (stat(path, &s) == 0 && getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
	    (rlim_t)s.st_size + (1 << 20) > limit.rlim_cur)
		return EFBIG;
	return statvfs(path, &disk) == 0 && disk.f_bavail * disk.f_frsize < 1 << 20 ? ENOSPC : why;
}

void publish_die(const char *path, const char *doing, int errno_value)
{
	int why = cause_of(path, errno_value);
	const char *advice = "";
	if (why == ENOSPC || why == EDQUOT)
		advice = "; free some space ('store gc' lists what no run refers to) or set EINTHOVEN_STORE "
			 "to another disk";
	else if (why == EIO)
		advice = "; the disk is full or failing: free some space or set EINTHOVEN_STORE to another "
			 "disk";
	else if (why == EFBIG)
		advice = "; the file-size limit of this shell is too small (ulimit -f)";
	else if (why == EACCES || why == EPERM || why == EROFS)
		advice = "; make the store writable for this user or set EINTHOVEN_STORE to a folder that is";
	die("cannot %s %s: %s%s; nothing was published", doing, path, strerror(why), advice);
}

static void remove_left(void)
{
	for (struct publish *p = open_files; p; p = p->next)
		if (p->owner == getpid())
			unlink(p->path);
}

static void enlist(struct publish *p)
{
	static bool is_registered;
	pthread_mutex_lock(&lock);
	if (!is_registered)
		is_registered = !atexit(remove_left);
	p->next = open_files;
	open_files = p;
	pthread_mutex_unlock(&lock);
}

static void release(struct publish *p)
{
	pthread_mutex_lock(&lock);
	for (struct publish **at = &open_files; *at; at = &(*at)->next)
		if (*at == p) {
			*at = p->next;
			break;
		}
	pthread_mutex_unlock(&lock);
	if (p->fd >= 0)
		close(p->fd);
	free(p->path);
	free(p);
}

void publish_folder(const char *folder)
{
	struct error e = {0};
	char *link = folder_link(folder);
	if (link)
		die(FOLDER_LINK, link);
	if (file_make_folder(folder, &e) < 0)
		die("%s; make the store writable for this user or set EINTHOVEN_STORE to a folder that is",
		    error_text(&e));
}

/* ---- may we write? ---- */

/* "chmod -R g+rwX,o-w <store>" is what most often helps; who may give the right is the owner. */
static _Noreturn void die_unwritable(const char *path, const struct stat *s)
{
	int why = errno;
	const struct passwd *owner = getpwuid(s->st_uid);
	die("%s: %s, so what is made could not be published, and nothing was begun; it belongs to %s (mode "
	    "%04o): where people share a store, its owner says 'chmod -R g+rwX %s && find %s -type d -exec "
	    "chmod g+s {} +', or set EINTHOVEN_STORE to a folder of your own",
	    path, strerror(why), owner ? owner->pw_name : "another user", (unsigned)(s->st_mode & 07777),
	    artifact_store_path(), artifact_store_path());
}

/* A folder that is not there will be made in the one above it; what is none is said when it is opened. */
static void check_folder(const char *path)
{
	struct stat s;
	if (stat(path, &s) == 0 && S_ISDIR(s.st_mode) && access(path, W_OK | X_OK) < 0 && errno != ENOENT)
		die_unwritable(path, &s);
}

void publish_check(void)
{
	static const char *const folders[] = {"", "/tmp", "/locks", "/objects", "/actions", "/checkpoints"},
				 *const fans[] = {"objects", "actions"};
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		char *path = die_printf("%s%s", artifact_store_path(), folders[i]);
		check_folder(path);
		free(path);
	}
	for (int i = 0; i < 512; i++) {
		char *path = die_printf("%s/%s/%02x", artifact_store_path(), fans[i / 256], i % 256);
		check_folder(path);
		free(path);
	}
}

/* ---- files in the making ---- */

/* Create the file and lock it. Between the two a cleaner may take it for a dead one's and remove it: then
 * again. */
static bool create(struct publish *p, const char *folder)
{
	struct stat s;
	char *owner =
		owner_name(); /* never twice: a cleaner that read the name of a file must not meet another */
	p->path = die_printf("%s/%s", folder, owner);
	free(owner);
	p->fd = open(p->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (p->fd < 0 && errno != EEXIST)
		publish_die(p->path, "create", errno);
	if (p->fd >= 0) {
		file_share(p->fd, p->path);
		flock(p->fd, LOCK_EX); /* a file system without locks: nothing is cleaned there either */
		if (fstat(p->fd, &s) == 0 && s.st_nlink > 0)
			return true;
		close(p->fd);
	}
	free(p->path);
	return false;
}

struct publish *publish_begin(void)
{
	struct publish *p = die_calloc(1, sizeof *p);
	char *folder = die_printf("%s/tmp", artifact_store_path());
	publish_folder(folder);
	while (!create(p, folder))
		;
	free(folder);
	p->owner = getpid();
	enlist(p);
	return p;
}

const char *publish_path(const struct publish *p)
{
	return p->path;
}

void publish_write(struct publish *p, const void *bytes, size_t n_bytes)
{
	if (file_write(p->fd, bytes, n_bytes) < 0)
		publish_die(p->path, "write", errno);
}

/* Everything but the rename: the bytes and the folder are durable, so that a name never points at half a
 * file. */
static void put_in_place(struct publish *p, const char *path)
{
	struct stat s;
	if (fstat(p->fd, &s) < 0 || fchmod(p->fd, s.st_mode & 0444) < 0 ||
	    fsync(p->fd) < 0) /* 0444, or less by umask */
		publish_die(p->path, "sync", errno);
	char *folder = die_strdup(path), *slash = strrchr(folder, '/');
	if (!slash)
		BUG("a published path has a folder");
	*slash = 0;
	bool is_new = !file_exists(folder);
	publish_folder(folder);
	struct error e = {0};
	if (is_new && file_sync_folder(folder, &e) < 0)
		die("%s", error_text(&e));
	free(folder);
}

static void sync_folder(const char *path)
{
	struct error e = {0};
	if (file_sync_folder(path, &e) < 0)
		die("%s", error_text(&e));
}

void publish_end(struct publish *p, const char *path)
{
	put_in_place(p, path);
	if (rename(p->path, path) < 0)
		publish_die(path, "publish", errno);
	sync_folder(path);
	release(p);
}

bool publish_first(struct publish *p, const char *path)
{
	put_in_place(p, path);
	bool is_first = link(p->path, path) == 0;
	if (!is_first && errno != EEXIST)
		publish_die(path, "publish", errno);
	sync_folder(path);
	publish_drop(p);
	return is_first;
}

void publish_drop(struct publish *p)
{
	unlink(p->path);
	release(p);
}

/* Whether the name still stands for the open file: its owner may have published it, and
 * made another, since. */
static bool is_named(int fd, int folder, const char *name)
{
	struct stat ours, named;
	return fstat(fd, &ours) == 0 && fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

int publish_open(int folder, const char *name)
{
	const int how = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	int fd = openat(folder, name, O_RDWR | how);
	return fd < 0 && (errno == EACCES || errno == EPERM || errno == EROFS)
		       ? openat(folder, name, O_RDONLY | how)
		       : fd;
}

bool publish_is_held(const char *path)
{
	int fd = publish_open(AT_FDCWD, path);
	bool is_ours = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
	if (fd >= 0)
		close(fd);
	return !is_ours && !folder_is_link(path) && file_exists(path);
}

/* Whether nobody holds the file. Where flock does not work, the number of the process must do. */
static bool is_free(int fd, enum owner owner)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	return errno != EWOULDBLOCK && errno != EINTR && owner == OWNER_GONE;
}

/* Of another host we cannot know: flock may be local to each. */
static bool clean_one(int folder, const char *name, enum owner (*owner_of_file)(int fd, const char *name))
{
	int fd = publish_open(folder, name);
	enum owner owner = fd >= 0 ? owner_of_file(fd, name) : OWNER_ELSEWHERE;
	bool is_dead = owner != OWNER_ELSEWHERE && is_free(fd, owner) && is_named(fd, folder, name) &&
		       unlinkat(folder, name, 0) == 0;
	if (fd >= 0)
		close(fd);
	return is_dead;
}

/* A file in tmp bears its owner's name; one without is of a version that wrote none. */
static enum owner owner_by_name(int fd, const char *name)
{
	(void)fd;
	enum owner owner = owner_of(name);
	return owner == OWNER_NONE ? OWNER_ELSEWHERE : owner;
}

/* A lock has it inside; one that is empty was not taken yet, or its process died before it could write. */
static enum owner owner_by_content(int fd, const char *name)
{
	char text[128];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	(void)name;
	text[n > 0 ? n : 0] = 0;
	text[strcspn(text, "\n")] = 0; /* what it needs stands on the lines after */
	return owner_of(text);
}

static int clean_folder(const char *name, enum owner (*owner_of_file)(int fd, const char *name))
{
	int fd = folder_open(name), n = 0;
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	for (struct dirent *d; folder && (d = readdir(folder));)
		if (d->d_name[0] != '.')
			n += clean_one(dirfd(folder), d->d_name, owner_of_file);
	if (folder)
		closedir(folder);
	else if (fd >= 0)
		close(fd);
	return n;
}

int publish_clean(void)
{
	return clean_folder("tmp", owner_by_name) + clean_folder("locks", owner_by_content);
}
