#include "store/aside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* By rename or link. */
static char *bring(const char *path, int (*how)(const char *from, const char *to))
{
	char *folder = die_printf("%s/damaged", artifact_store_path());
	const char *slash = strrchr(path, '/');
	publish_folder(folder);
	char *to = place_for(folder, slash ? slash + 1 : path);
	if (how(path, to) < 0) {
		int why = errno;
		free(to);
		to = NULL;
		errno = why;
	}
	free(folder);
	return to;
}

char *aside_move(const char *path)
{
	return bring(path, rename);
}

char *aside_copy(const char *path)
{
	return bring(path, link);
}
