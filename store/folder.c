#include "store/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "store/artifact.h"

void folder_each(const char *folder, void (*f)(const char *path, const char *name, void *context),
		 void *context)
{
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
