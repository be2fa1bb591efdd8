#include "store/mounts.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"

/* Undo "\040" for a blank and the like, in place. */
static void unescape(char *text)
{
	char *to = text;
	for (const char *c = text; *c; to++) {
		if (c[0] == '\\' && strspn(c + 1, "01234567") >= 3) {
			*to = (char)((c[1] - '0') << 6 | (c[2] - '0') << 3 | (c[3] - '0'));
			c += 4;
		} else {
			*to = *c++;
		}
	}
	*to = 0;
}

/* Call f for each mount point, the fifth word of a line, and its file system's type, the word behind " - ",
 * until it says true. False: it never did. */
static bool any(bool (*f)(const char *point, const char *type, void *context), void *context, bool *is_read)
{
	FILE *list = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t room = 0;
	bool is_found = false;
	*is_read = list != NULL;
	while (list && !is_found && getline(&line, &room, list) > 0) {
		char *rest = line, *word = NULL;
		for (int i = 0; i < 5; i++)
			word = strsep(&rest, " ");
		if (!word)
			continue;
		char *dash = rest ? strstr(rest, "- ") : NULL, *type = dash ? dash + 2 : "";
		type[strcspn(type, " ")] = 0;
		unescape(word);
		is_found = f(word, type, context);
	}
	free(line);
	if (list)
		fclose(list);
	return is_found;
}

struct search {
	const char *path;
	char *deepest;
	bool is_network;
};

/* Types of file systems that hosts share, and so the names of what is on them. */
static bool is_network(const char *type)
{
	static const char *const types[] = {"nfs",  "nfs4", "lustre", "gpfs",  "beegfs", "ceph",
					    "cifs", "smb3", "afs",    "pvfs2", "panfs",	 "9p"};
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (!strcmp(type, types[i]))
			return true;
	return !strncmp(type, "fuse.", 5);
}

static bool keep_deepest(const char *point, const char *type, void *context)
{
	struct search *s = context;
	size_t n = strlen(point);
	bool is_above =
		!strcmp(point, "/") || (!strncmp(s->path, point, n) && (s->path[n] == '/' || !s->path[n]));
	if (is_above && n >= strlen(s->deepest)) { /* of two at one point the later is seen */
		free(s->deepest);
		s->deepest = die_strdup(point);
		s->is_network = is_network(type);
	}
	return false;
}

char *mounts_point(const char *path)
{
	struct search s = {path, die_strdup("/"), false};
	bool is_read;
	any(keep_deepest, &s, &is_read);
	if (is_read)
		return s.deepest;
	free(s.deepest);
	return NULL;
}

bool mounts_is_network(const char *path)
{
	struct search s = {path, die_strdup(""), false};
	bool is_read;
	any(keep_deepest, &s, &is_read);
	free(s.deepest);
	return s.is_network;
}

static bool is_same(const char *point, const char *type, void *context)
{
	(void)type;
	return !strcmp(point, context);
}

bool mounts_has(const char *point)
{
	bool is_read;
	return !strcmp(point, "/") || any(is_same, (void *)(uintptr_t)point, &is_read);
}
