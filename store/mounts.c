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

/* Call f for each mount point, the fifth word of a line, until it says true. False: it never did. */
static bool any(bool (*f)(const char *point, void *context), void *context, bool *is_read)
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
		unescape(word);
		is_found = f(word, context);
	}
	free(line);
	if (list)
		fclose(list);
	return is_found;
}

struct search {
	const char *path;
	char *deepest;
};

static bool keep_deepest(const char *point, void *context)
{
	struct search *s = context;
	size_t n = strlen(point);
	bool is_above = !strncmp(s->path, point, n) && (s->path[n] == '/' || !s->path[n]);
	if (is_above && n > strlen(s->deepest)) {
		free(s->deepest);
		s->deepest = die_strdup(point);
	}
	return false;
}

char *mounts_point(const char *path)
{
	struct search s = {path, die_strdup("/")};
	bool is_read;
	any(keep_deepest, &s, &is_read);
	if (is_read)
		return s.deepest;
	free(s.deepest);
	return NULL;
}

static bool is_same(const char *point, void *context)
{
	return !strcmp(point, context);
}

bool mounts_has(const char *point)
{
	bool is_read;
	return !strcmp(point, "/") || any(is_same, (void *)(uintptr_t)point, &is_read);
}
