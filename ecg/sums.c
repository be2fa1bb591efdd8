#include "ecg/sums.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"

#define HEX 64

struct sum {
	const char *path, *hex;
};

struct sums {
	char *text; /* a copy, cut into strings that list points at */
	struct sum *list;
	size_t n, max;
};

static int order(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;
	return strcmp(x->path, y->path);
}

/* Check the digits and make them lower-case. */
static int take_hex(char *hex)
{
	for (int i = 0; i < HEX; i++) {
		if (hex[i] >= 'A' && hex[i] <= 'F')
			hex[i] = (char)(hex[i] - 'A' + 'a');
		if (!((hex[i] >= '0' && hex[i] <= '9') || (hex[i] >= 'a' && hex[i] <= 'f')))
			return -1;
	}
	return 0;
}

static int read_line(struct sums *s, char *line)
{
	if (strlen(line) < HEX + 2 || take_hex(line) < 0)
		return -1;
	char *path = line + HEX;
	size_t blanks = strspn(path, " \t");
	if (!blanks)
		return -1;
	*path = '\0';
	path += blanks;
	if (*path == '*')
		path++;
	if (!strncmp(path, "./", 2))
		path += 2;
	if (!*path)
		return -1;
	if (s->n == s->max)
		s->list = die_realloc(s->list, (s->max = s->max ? 2 * s->max : 1024) * sizeof *s->list);
	s->list[s->n++] = (struct sum){.path = path, .hex = line};

	return 0;
}

static int read_lines(struct sums *s, const char *name, struct error *e)
{
	long number = 0;
	for (char *at = s->text; *at;) {
		char *line = at, *end = strchr(at, '\n');
		at = end ? end + 1 : at + strlen(at);
		if (end)
			*end = '\0';
		size_t n = strlen(line);
		if (n && line[n - 1] == '\r')
			line[n - 1] = '\0';
		number++;
		if (*line && read_line(s, line) < 0)
			return error_set(e, name, number, "expected a SHA-256 and a path, found '%.80s'",
					 line);
	}

	return 0;
}

struct sums *sums_open(const char *name, const char *bytes, size_t n_bytes, struct error *e)
{
	struct sums *s = die_calloc(1, sizeof *s);
	s->text = die_malloc(n_bytes + 1);
	if (n_bytes)
		memcpy(s->text, bytes, n_bytes);
	s->text[n_bytes] = '\0';
	if (strlen(s->text) != n_bytes) {
		error_set(e, name, 0, "holds a NUL byte: not a list of checksums");
		goto fail;
	}

	if (read_lines(s, name, e) < 0)
		goto fail;
	if (s->n)
		qsort(s->list, s->n, sizeof *s->list, order);

	for (size_t i = 1; i < s->n; i++)
		if (!order(&s->list[i - 1], &s->list[i]) && strcmp(s->list[i - 1].hex, s->list[i].hex)) {
			error_set(e, name, 0, "%.200s stands there twice", s->list[i].path);
			goto fail;
		}

	return s;
fail:
	sums_close(s);
	return NULL;
}

void sums_close(struct sums *s)
{
	if (!s)
		return;
	free(s->list);
	free(s->text);
	free(s);
}

const char *sums_find(const struct sums *s, const char *path)
{
	const struct sum key = {.path = path};
	const struct sum *found = s->n ? bsearch(&key, s->list, s->n, sizeof *s->list, order) : NULL;
	return found ? found->hex : NULL;
}
