#include "remote/kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "common/owner.h"
#include "store/artifact.h"
#include "store/folder.h"

#define STALE_S (7 * 86400)

static char *path_of(const struct span *s)
{
	char hex[DIGEST_HEX];
	digest_hex(hex, &s->segment[0]);
	return die_printf("%s/arriving/%s", artifact_store_path(), hex);
}

/* Whoever can write to the store may have put anything there. */
static bool read_whole(int fd, struct bytes *bytes, size_t n)
{
	struct stat st;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != n)
		return false;
	bytes_reserve(bytes, n);
	while (bytes->n < n) {
		ssize_t got = read(fd, bytes->first + bytes->n, n - bytes->n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		bytes->n += (size_t)got;
	}
	return bytes->n == n;
}

bool kept_read(const struct span *s, struct bytes *bytes)
{
	char *path = path_of(s);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	bool is_there = fd >= 0 && read_whole(fd, bytes, (size_t)s->n_bytes);
	if (!is_there)
		bytes->n = 0;
	if (fd >= 0)
		close(fd);
	free(path);
	return is_there;
}

/* Without a sync: after a power cut it is fetched again. */
void kept_write(const struct span *s, const struct bytes *bytes)
{
	char *owner = owner_name(), *path = path_of(s);
	char *folder = die_printf("%s/arriving", artifact_store_path());
	char *name = die_printf("%s/%s", folder, owner);
	int fd = folder_make(folder, NULL) < 0 ? -1
					       : open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd >= 0) {
		file_share(fd, name);
		bool is_whole = file_write(fd, bytes->first, bytes->n) == 0;
		close(fd);
		if (!is_whole || rename(name, path) < 0)
			unlink(name);
	}
	free(owner);
	free(path);
	free(folder);
	free(name);
}

void kept_remove(const struct span *s)
{
	char *path = path_of(s);
	(void)!folder_unlink(path);
	free(path);
}

static char *doubt_path(const char *key)
{
	return die_printf("%s/arriving/%s.doubt", artifact_store_path(), key);
}

void kept_doubt(const char *key, bool is_doubted)
{
	char *folder = die_printf("%s/arriving", artifact_store_path()), *path = doubt_path(key);
	if (!is_doubted)
		(void)!folder_unlink(path);
	/* Who begins meanwhile removes the folder while it is empty (kept_clean). */
	for (int tries = 0; is_doubted && tries < 5; tries++)
		if (folder_make(folder, NULL) == 0 && file_replace(path, "", 0, NULL) == 0)
			break;
	free(folder);
	free(path);
}

bool kept_is_doubted(const char *key)
{
	char *path = doubt_path(key);
	bool is = file_exists(path);
	free(path);
	return is;
}

void kept_clean(void)
{
	char *folder = die_printf("%s/arriving", artifact_store_path());
	DIR *d = file_open_folder(folder); /* a colleague may have put a link in its place */
	for (struct dirent *entry; d && (entry = readdir(d));) {
		struct stat st;
		if (entry->d_name[0] == '.' || fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (owner_of(entry->d_name) == OWNER_GONE || st.st_mtime < time(NULL) - STALE_S)
			unlinkat(dirfd(d), entry->d_name, 0);
	}
	if (d)
		closedir(d);
	rmdir(folder); /* if nothing is left */
	free(folder);
}
