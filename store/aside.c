#include "store/aside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "store/artifact.h"
#include "store/publish.h"

/* A name in the folder that is free. */
static char *place_for(const char *folder, const char *name)
{
	char *to = die_printf("%s/%s", folder, name);
	for (int k = 2; file_exists(to); k++) {
		free(to);
		to = die_printf("%s/%s.%d", folder, name, k);
	}
	return to;
}

char *aside_move(const char *path)
{
	char *folder = die_printf("%s/damaged", artifact_store_path());
	const char *slash = strrchr(path, '/');
	publish_folder(folder);
	char *to = place_for(folder, slash ? slash + 1 : path);
	if (rename(path, to) < 0) {
		int why = errno;
		free(to);
		to = NULL;
		errno = why;
	}
	free(folder);
	return to;
}
