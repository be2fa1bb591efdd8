#include "ecg/sums.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/texts.h"

#define BLOCK_BYTES 65536 /* the longest line, and what is read at once */

struct sums {
	struct texts paths;
	struct sum *list;
	size_t n, max;
	bool is_sorted;
};

/* ---- digits ---- */

static int digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static int read_hex(uint8_t digest[SUMS_BYTES], const char *text)
{
	for (int i = 0; i < SUMS_BYTES; i++) {
		int high = digit(text[2 * i]), low = high < 0 ? -1 : digit(text[2 * i + 1]);
		if (low < 0)
			return -1;
		digest[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

void sums_hex(char hex[SUMS_HEX], const uint8_t digest[SUMS_BYTES])
{
	for (int i = 0; i < SUMS_BYTES; i++) {
		hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
	}
	hex[2 * SUMS_BYTES] = '\0';
}

/* ---- the list ---- */

struct sums *sums_new(void)
{
	return die_calloc(1, sizeof(struct sums));
}

void sums_close(struct sums *s)
{
	if (!s)
		return;
	texts_release(&s->paths);
	free(s->list);
	free(s);
}

void sums_add(struct sums *s, const char *path, const uint8_t digest[SUMS_BYTES])
{
	if (s->n == s->max)
		s->list =
			die_realloc(s->list, (s->max = s->max ? s->max + s->max / 2 : 256) * sizeof *s->list);
	struct sum *x = &s->list[s->n++];
	*x = (struct sum){.path = texts_keep(&s->paths, path)};
	memcpy(x->digest, digest, SUMS_BYTES);
	s->is_sorted = false;
}

static int order(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;
	return strcmp(x->path, y->path);
}

/* Keeps each path once; the path of a contradiction, or NULL. */
static const char *sort(struct sums *s)
{
	const char *twice = NULL;
	size_t kept = 0;
	if (s->n)
		qsort(s->list, s->n, sizeof *s->list, order);
	for (size_t i = 0; i < s->n; i++) {
		if (!kept || order(&s->list[kept - 1], &s->list[i]))
			s->list[kept++] = s->list[i];
		else if (!twice && memcmp(s->list[kept - 1].digest, s->list[i].digest, SUMS_BYTES) != 0)
			twice = s->list[i].path;
	}
	s->n = kept;
	s->is_sorted = true;
	return twice;
}

struct sum *sums_list(struct sums *s, size_t *n)
{
	if (!s->is_sorted)
		sort(s);
	*n = s->n;
	return s->list;
}

struct sum *sums_find(struct sums *s, const char *path)
{
	size_t n;
	const struct sum key = {.path = path};
	struct sum *list = sums_list(s, &n);
	return n ? bsearch(&key, list, n, sizeof *list, order) : NULL;
}

/* ---- the file ---- */

static int read_line(struct sums *s, const char *line)
{
	uint8_t digest[SUMS_BYTES];
	if (strlen(line) < SUMS_HEX + 1 || read_hex(digest, line) < 0)
		return -1;
	const char *path = line + 2 * SUMS_BYTES;
	size_t blanks = strspn(path, " \t");
	path += blanks;
	if (*path == '*')
		path++;
	if (!strncmp(path, "./", 2))
		path += 2;
	if (!blanks || !*path)
		return -1;
	sums_add(s, path, digest);
	return 0;
}

struct lines {
	const char *name;
	struct reader reader;
	long number;
	size_t n, from; /* bytes[from..n-1] are not looked at yet */
	char bytes[BLOCK_BYTES + 1];
};

/* The next line without its end; NULL at the file's end, or with e filled. */
static char *next_line(struct lines *l, struct error *e)
{
	char *end = NULL;
	long got = 1;
	while (!(end = memchr(l->bytes + l->from, '\n', l->n - l->from)) && got > 0) {
		memmove(l->bytes, l->bytes + l->from, l->n -= l->from);
		l->from = 0;
		got = l->n == BLOCK_BYTES
			      ? 0
			      : l->reader.read(l->reader.context, l->bytes + l->n, BLOCK_BYTES - l->n, e);
		l->n += got > 0 ? (size_t)got : 0;
	}
	if (got < 0 || (!end && l->from == l->n))
		return NULL;

	char *line = l->bytes + l->from;
	size_t n = (end ? (size_t)(end - l->bytes) : l->n) - l->from;
	l->from += n + (end != NULL);
	l->number++;
	line[n] = '\0';
	if (strlen(line) < n || (!end && l->n == BLOCK_BYTES)) {
		error_set(e, l->name, l->number, "%s: not a list of checksums",
			  strlen(line) < n ? "a NUL byte" : "a line without an end");
		return NULL;
	}
	if (n && line[n - 1] == '\r')
		line[n - 1] = '\0';
	return line;
}

struct sums *sums_open(const char *name, struct reader reader, struct error *e)
{
	struct error own = {0};
	struct sums *s = sums_new();
	struct lines *l = die_malloc(sizeof *l);
	*l = (struct lines){.name = name, .reader = reader};

	for (char *line; !own.text[0] && (line = next_line(l, &own));)
		if (*line && read_line(s, line) < 0)
			error_set(&own, name, l->number, "expected a SHA-256 and a path, found '%.80s'",
				  line);
	free(l);

	const char *twice = sort(s);
	if (twice)
		error_set(&own, name, 0, "%.200s stands there twice", twice);
	if (!own.text[0])
		return s;
	error_set(e, NULL, 0, "%s", error_text(&own));
	sums_close(s);
	return NULL;
}
