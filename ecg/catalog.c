#include "ecg/catalog.h"

#include <stdlib.h>

#include "common/die.h"
#include "common/json.h"
#include "ecg/path.h"

void catalog_init(struct catalog *c)
{
	*c = (struct catalog){0};
}

void catalog_release(struct catalog *c)
{
	free(c->records);
	texts_release(&c->texts);
	json_decref(c->classes);
	json_decref(c->statements);
	catalog_init(c);
}

static void add(struct catalog *c, uint64_t id, const char *path, const json_t *subject)
{
	char *text = json_canonical(subject, NULL);
	if (c->n == c->max) {
		c->max = c->max ? c->max + c->max / 2 : 256;
		c->records = die_realloc(c->records, c->max * sizeof *c->records);
	}
	c->records[c->n++] =
		(struct catalog_record){id, texts_keep(&c->texts, path), texts_keep(&c->texts, text)};
	free(text);
}

int catalog_add(struct catalog *c, uint64_t id, const char *path, json_t *subject, const char *file,
		long line, struct error *e)
{
	char *header = die_printf("%s.hea", path);
	bool is_inside = path_is_inside(path) && path_is_inside(header);
	int result = 0;

	free(header);
	if (!is_inside)
		result = error_set(e, file, line, "'%.100s' is not the path of a record inside the dataset",
				   path);
	else if (c->n == CATALOG_MAX)
		result = error_set(e, file, line, "more than %d records", CATALOG_MAX);
	else
		add(c, id, path, subject);
	json_decref(subject);
	return result;
}

static int order(const void *a, const void *b)
{
	const struct catalog_record *x = a, *y = b;
	return (x->id > y->id) - (x->id < y->id);
}

int catalog_finish(struct catalog *c, size_t limit, const char *file, struct error *e)
{
	if (!c->n)
		return error_set(e, file, 0, "no records");
	qsort(c->records, c->n, sizeof *c->records, order);
	for (size_t i = 1; i < c->n; i++)
		if (c->records[i].id == c->records[i - 1].id)
			return error_set(e, file, 0, "record %llu stands there twice",
					 (unsigned long long)c->records[i].id);
	if (limit && c->n > limit)
		c->n = limit;
	return 0;
}
