#include "store/folder.h"

#include <dirent.h>
#include <stdlib.h>

#include "common/die.h"
#include "store/artifact.h"

void folder_each(const char *folder, void (*f)(const char *path, const char *name, void *context),
		 void *context)
{
	char *root = die_printf("%s/%s", artifact_store_path(), folder);
	DIR *d = opendir(root);
	for (struct dirent *entry; d && (entry = readdir(d));) {
		char *path = die_printf("%s/%s", root, entry->d_name);
		if (entry->d_name[0] != '.')
			f(path, entry->d_name, context);
		free(path);
	}
	if (d)
		closedir(d);
	free(root);
}
