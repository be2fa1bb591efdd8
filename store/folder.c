#include "store/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "store/artifact.h"
#include "store/mounts.h"

/* Who may write to the store may have put a link anywhere in it. A folder is therefore opened part by part
 * from the store on, and what is removed is named in the folder that is open. The store itself may be a link.
 */

static const char *const known[] = {"objects", "actions",   "arriving",	 "checkpoints", "conflicts",
				    "damaged", "downloads", "forgotten", "locks",	"pins",
				    "roots",   "tmp",	    "trash",	 "used"};
enum { N_KNOWN = sizeof known / sizeof *known };

bool folder_is_known(const char *name)
{
	for (size_t i = 0; i < N_KNOWN; i++)
		if (!strcmp(name, known[i]))
			return true;
	return false;
}

/* What of path lies below the store; NULL: nothing. */
static const char *part_of_store(const char *path)
{
	const char *store = artifact_store_path();
	size_t n = strlen(store);
	return !strncmp(path, store, n) && path[n] == '/' ? path + n + 1 : NULL;
}

bool folder_is_link(const char *path)
{
	struct stat s;
	return lstat(path, &s) == 0 && S_ISLNK(s.st_mode);
}

char *folder_link(const char *path)
{
	const char *part = part_of_store(path);
	if (!part)
		return NULL;
	char *name = die_strdup(path), *end = name + (part - path);
	while (end) {
		end = strchr(end, '/');
		if (end)
			*end = 0;
		if (folder_is_link(name))
			return name;
		if (end)
			*end++ = '/';
	}
	free(name);
	return NULL;
}

void folder_refuse_links(void)
{
	for (size_t i = 0; i < N_KNOWN; i++) {
		char *path = die_printf("%s/%s", artifact_store_path(), known[i]);
		if (folder_is_link(path))
			die(FOLDER_LINK, path);
		free(path);
	}
}

int folder_make(const char *path, struct error *e)
{
	char *link = folder_link(path);
	int status = link ? error_set(e, NULL, 0, FOLDER_LINK, link) : file_make_folder(path, e);
	free(link);
	return status;
}

int folder_open(const char *folder)
{
	const int how = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int at = open(artifact_store_path(), how);
	char *rest, *parts = die_strdup(folder);
	for (char *part = strtok_r(parts, "/", &rest); part && at >= 0; part = strtok_r(NULL, "/", &rest)) {
		int next = openat(at, part, how | O_NOFOLLOW), why = errno;
		close(at);
		errno = why;
		at = next;
	}
	int why = errno;
	free(parts);
	errno = why;
	return at;
}

int folder_open_above(const char **name, const char *path)
{
	const char *slash = strrchr(path, '/'), *part = part_of_store(path);
	*name = slash ? slash + 1 : path;
	char *above = die_printf("%.*s", (int)(*name - (part ? part : path)), part ? part : path);
	int fd = part ? folder_open(above) : open(*above ? above : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int why = errno;
	free(above);
	errno = why;
	return fd;
}

int folder_unlink(const char *path)
{
	const char *name;
	int above = folder_open_above(&name, path), status = above < 0 ? -1 : unlinkat(above, name, 0),
	    why = errno;
	if (above >= 0)
		close(above);
	errno = why;
	return status;
}

int folder_move(const char *from, const char *to)
{
	const char *name, *new_name;
	int above = folder_open_above(&name, from), below = above < 0 ? -1 : folder_open_above(&new_name, to);
	int status = below < 0 ? -1 : renameat(above, name, below, new_name), why = errno;
	if (above >= 0)
		close(above);
	if (below >= 0)
		close(below);
	errno = why;
	return status;
}

static bool is_remembered(void)
{
	static int is = -1; /* unknown; threads that ask at once learn the same */
	if (is < 0) {
		char *full = realpath(artifact_store_path(), NULL);
		if (!full)
			return false;
		is = mounts_remember_names(full);
		free(full);
	}
	return is;
}

void folder_refresh(const char *folder)
{
	if (!is_remembered())
		return;
	char *path = die_printf("%s/%s", artifact_store_path(), folder), *end = path;
	int how = *folder ? AT_SYMLINK_NOFOLLOW : 0;
	if (utimensat(AT_FDCWD, path, NULL, how) < 0 && errno == ENOENT) /* refused to who may not write */
		for (how = 0, end += strlen(artifact_store_path()); end; end = strchr(end + 1, '/')) {
			*end = 0; /* from the store down: none need be there yet, as far as is known here */
			(void)!utimensat(AT_FDCWD, path, NULL, how);
			how = AT_SYMLINK_NOFOLLOW;
			*end = '/';
		}
	free(path);
}

void folder_each(const char *folder, void (*f)(const char *path, const char *name, void *context),
		 void *context)
{
	folder_refresh(folder);
	char *root = die_printf("%s%s%s", artifact_store_path(), *folder ? "/" : "", folder);
	int fd = folder_open(folder);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	int why = d ? 0 : errno;
	char *link = why == ENOTDIR || why == ELOOP ? folder_link(root) : NULL;
	if (link)
		die(FOLDER_LINK, link);
	errno = why;
	if (!d && errno != ENOENT)
		die("%s: cannot open this folder: %s", root, strerror(errno));

	for (struct dirent *entry; d && (errno = 0, entry = readdir(d));) {
		char *path = die_printf("%s/%s", root, entry->d_name);
		if (entry->d_name[0] != '.')
			f(path, entry->d_name, context);
		free(path);
	}
	if (d && errno)
		die("%s: cannot read this folder: %s", root, strerror(errno));

	if (d)
		closedir(d);
	free(root);
}
