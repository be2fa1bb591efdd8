#include "common/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/die.h"
#include "common/owner.h"

static int fail(struct error *e, const char *path, const char *doing)
{
	int why = errno;
	return error_set_cause(e, path, why, "cannot %s: %s", doing, strerror(why));
}

/* A folder, or a link that leads nowhere or in a circle, lies there and is no file: that will not pass. */
static int fail_to_read(struct error *e, const char *path, const char *doing)
{
	int why = errno;
	struct stat s;
	bool is_link = lstat(path, &s) == 0 && S_ISLNK(s.st_mode);
	if (why == EISDIR || (is_link && (why == ENOENT || why == ELOOP)))
		return error_set(e, path, 0, "cannot %s: %s", doing, strerror(why));
	errno = why;
	return fail(e, path, doing);
}

/* Read until end of file or until more than max bytes came. */
static int read_all(int fd, char **bytes, size_t *n_bytes, size_t max)
{
	size_t n = 0, room = 4096;
	char *p = die_malloc(room + 1);

	for (;;) {
		if (n == room) {
			room *= 2;
			p = die_realloc(p, room + 1);
		}
		ssize_t got = read(fd, p + n, room - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			free(p);
			return -1;
		}
		n += (size_t)got;
		if (got == 0 || n > max)
			break;
	}

	p[n] = 0;
	*bytes = p;
	*n_bytes = n;
	return 0;
}

int file_read(char **bytes, size_t *n_bytes, const char *path, size_t max, struct error *e)
{
	*bytes = NULL;
	struct stat s;
	int fd = open(path,
		      O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* a pipe nobody writes would wait */
	if (fd < 0)
		return fail_to_read(e, path, "open");
	bool is_seen = fstat(fd, &s) == 0;
	bool is_plain = is_seen && (S_ISREG(s.st_mode) || S_ISDIR(s.st_mode)); /* read says why */
	int status = is_plain ? read_all(fd, bytes, n_bytes, max) : -1;
	if (is_seen && !is_plain)
		error_set(e, path, 0, "is no regular file");
	else if (status < 0)
		fail_to_read(e, path, is_seen ? "read" : "look at");
	close(fd);
	if (status == 0 && *n_bytes > max) {
		free(*bytes);
		*bytes = NULL;
		return error_set(e, path, 0, "file is larger than the %zu bytes expected at most", max);
	}
	return status;
}

/* The folder of path; yours to free. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return !slash	       ? die_strdup(".")
	       : slash == path ? die_strdup("/")
			       : die_printf("%.*s", (int)(slash - path), path);
}

/* The mode of the folder that holds path, if it is shared; else 0. */
static mode_t shared_mode(const char *path)
{
	struct stat s;
	char *folder = folder_of(path);
	bool is_shared = stat(folder, &s) == 0 && (s.st_mode & S_ISGID);
	free(folder);
	return is_shared ? s.st_mode & 02777 : 0;
}

void file_share(int fd, const char *path)
{
	struct stat s;
	mode_t mode = shared_mode(path);
	if (mode && fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_nlink <= 1)
		(void)!fchmod(fd, 0600 | (mode & 0066));
}

int file_write(int fd, const void *whole, size_t n_bytes)
{
	const char *bytes = whole;
	while (n_bytes) {
		ssize_t put = write(fd, bytes, n_bytes);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		bytes += put;
		n_bytes -= (size_t)put;
	}
	return 0;
}

/* A new file beside path that no two writers share. */
static char *new_name(const char *path)
{
	char *owner = owner_name(), *name = die_printf("%s.%s.new", path, owner);
	free(owner);
	return name;
}

/* What has the name already is nobody's, whatever it is: it goes, and is not written to. */
static int open_new(const char *name)
{
	const int how = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
	int fd = open(name, how, 0666);
	if (fd < 0 && errno == EEXIST && unlink(name) == 0)
		fd = open(name, how, 0666);
	return fd;
}

/* Writes the file `name`, which stands for `path` in messages. */
static int write_new(const char *name, const char *path, const void *bytes, size_t n_bytes, struct error *e)
{
	int fd = open_new(name);
	if (fd < 0)
		return fail(e, path, "create");
	file_share(fd, name);
	int status = file_write(fd, bytes, n_bytes) < 0 || fsync(fd) < 0 ? fail(e, path, "write") : 0;
	if (close(fd) < 0 && status == 0)
		status = fail(e, path, "write");
	return status;
}

int file_replace(const char *path, const void *bytes, size_t n_bytes, struct error *e)
{
	char *name = new_name(path);
	int status = write_new(name, path, bytes, n_bytes, e);
	if (status == 0 && rename(name, path) < 0)
		status = fail(e, path, "replace");
	if (status < 0)
		unlink(name);
	free(name);
	return status;
}

int file_replace_if_different(const char *path, const void *bytes, size_t n_bytes, struct error *e)
{
	char *old;
	size_t n_old;
	if (file_read(&old, &n_old, path, n_bytes, NULL) == 0) {
		bool is_same = n_old == n_bytes && !memcmp(old, bytes, n_bytes);
		free(old);
		if (is_same)
			return 0;
	}
	return file_replace(path, bytes, n_bytes, e);
}

/* Gives a folder that was just made the rights of a shared one that it is in. */
static void share_folder(const char *path)
{
	mode_t mode = shared_mode(path);
	int fd = mode ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	(void)!fchmod(fd, mode);
	close(fd);
}

static int make_one(const char *path, struct error *e)
{
	struct stat s;
	if (mkdir(path, 0777) == 0) {
		share_folder(path);
		return 0;
	}
	int why = errno;
	if (stat(path, &s) == 0) {
		if (S_ISDIR(s.st_mode))
			return 0;
		return error_set(e, path, 0, "is not a folder; remove it or choose another place");
	}
	errno = why;
	return fail(e, path, "make this folder");
}

DIR *file_open_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	if (fd >= 0 && !d)
		close(fd);
	return d;
}

int file_make_folder(const char *path, struct error *e)
{
	char *part = die_strdup(path);
	int status = 0;
	for (char *p = part + 1; status == 0 && part[0] && *p; p++) {
		if (*p != '/')
			continue;
		*p = 0;
		status = make_one(part, e);
		*p = '/';
	}
	if (status == 0 && part[0])
		status = make_one(part, e);
	free(part);
	return status;
}

bool file_exists(const char *path)
{
	struct stat s;
	return stat(path, &s) == 0;
}

bool file_is_named(const char *path)
{
	struct stat s;
	return lstat(path, &s) == 0 || errno != ENOENT;
}

int file_sync_folder(const char *path, struct error *e)
{
	char *folder = folder_of(path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), status = 0;
	if (fd < 0)
		status = fail(e, folder, "open this folder");
	else if (fsync(fd) < 0 && errno != EINVAL &&
		 errno != EROFS) /* some file systems cannot sync a folder */
		status = fail(e, folder, "sync this folder");

	if (fd >= 0)
		close(fd);
	free(folder);
	return status;
}

void file_clean(const char *folder)
{
	DIR *d = opendir(folder);
	for (struct dirent *entry; d && (entry = readdir(d));) {
		size_t n = strlen(entry->d_name);
		if (n > 4 && !strcmp(entry->d_name + n - 4, ".new") && owner_of(entry->d_name) == OWNER_GONE)
			unlinkat(dirfd(d), entry->d_name, 0);
	}
	if (d)
		closedir(d);
}

char *file_beside_program(const char *name)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n < 0)
		die("/proc/self/exe: %s", strerror(errno));
	self[n] = 0;
	char *slash = strrchr(self, '/');
	return die_printf("%.*s/%s", slash ? (int)(slash - self) : (int)n, self, name);
}
