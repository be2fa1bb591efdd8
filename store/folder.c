#include "store/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/die.h"
#include "store/artifact.h"
#include "store/mounts.h"

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
	if (utimensat(AT_FDCWD, path, NULL, 0) < 0 && errno == ENOENT) /* refused to who may not write */
		for (end += strlen(artifact_store_path()); end; end = strchr(end + 1, '/')) {
			*end = 0; /* from the store down: none need be there yet, as far as is known here */
			(void)!utimensat(AT_FDCWD, path, NULL, 0);
			*end = '/';
		}
	free(path);
}

void folder_each(const char *folder, void (*f)(const char *path, const char *name, void *context),
		 void *context)
{
	folder_refresh(folder);
	char *root = die_printf("%s%s%s", artifact_store_path(), *folder ? "/" : "", folder);
	DIR *d = opendir(root);
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
