#include "ecg/catalog.h"

#include <stdlib.h>

#include "common/die.h"
#include "ecg/path.h"

void catalog_init(struct catalog *c)
{
	*c = (struct catalog){0};
}

static void release_record(struct catalog_record *r)
{
	free(r->path);
	json_decref(r->subject);
}

void catalog_release(struct catalog *c)
{
	for (size_t i = 0; i < c->n; i++)
		release_record(&c->records[i]);
	free(c->records);
	json_decref(c->classes);
	json_decref(c->statements);
	catalog_init(c);
}

int catalog_add(struct catalog *c, uint64_t id, const char *path, json_t *subject, const char *file,
		long line, struct error *e)
{
	char *header = die_printf("%s.hea", path);
	bool is_inside = path_is_inside(path) && path_is_inside(header);
	free(header);
	if (!is_inside) {
		json_decref(subject);
		return error_set(e, file, line, "'%.100s' is not the path of a record inside the dataset",
				 path);
	}
	if (c->n == c->max) {
		c->max = c->max ? 2 * c->max : 1024;
		c->records = die_realloc(c->records, c->max * sizeof *c->records);
	}
	c->records[c->n++] = (struct catalog_record){.id = id, .path = die_strdup(path), .subject = subject};
	return 0;
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
	while (limit && c->n > limit)
		release_record(&c->records[--c->n]);
	return 0;
}
