#include "ecg/tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/die.h"
#include "ecg/path.h"

#define DEPTH 32 /* of folders in folders; also ends a loop of links */

struct tree {
	char **names;
	size_t n, max;
};

static int order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int walk(struct tree *t, const char *folder, const char *inside, int depth, struct error *e)
{
	char *place = *inside ? path_join(folder, inside) : die_strdup(folder);
	DIR *d = depth < DEPTH ? opendir(place) : NULL;
	int result = d ? 0
		       : error_set(e, place, 0, "%s",
				   depth < DEPTH ? strerror(errno) : "more than 32 folders deep");

	for (struct dirent *entry; result == 0 && (entry = readdir(d));) {
		struct stat st;
		if (entry->d_name[0] == '.')
			continue;
		char *name = path_join(inside, entry->d_name), *file = path_join(folder, name);
		if (stat(file, &st) < 0) {
			/* A link to what is not there (as git-annex leaves them) is as good as no file. */
			if (errno != ENOENT && errno != ELOOP)
				result = error_set(e, file, 0, "%s", strerror(errno));
		} else if (S_ISDIR(st.st_mode)) {
			result = walk(t, folder, name, depth + 1, e);
		} else if (S_ISREG(st.st_mode)) {
			if (t->n == t->max)
				t->names = die_realloc(t->names, (t->max = t->max ? 2 * t->max : 256) *
									 sizeof *t->names);
			t->names[t->n++] = die_strdup(name);
		}
		free(name);
		free(file);
	}

	if (d)
		closedir(d);
	free(place);
	return result;
}

char **tree_list(const char *folder, size_t *n, struct error *e)
{
	struct tree t = {.names = die_malloc(sizeof *t.names), .max = 1};
	int result = walk(&t, folder, "", 0, e);
	*n = t.n;
	if (result < 0) {
		tree_free(t.names, t.n);
		return NULL;
	}
	qsort(t.names, t.n, sizeof *t.names, order);
	return t.names;
}

void tree_free(char **names, size_t n)
{
	for (size_t i = 0; names && i < n; i++)
		free(names[i]);
	free(names);
}
