#include "ecg/catalog.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "ecg/identifier.h"
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

static void add(struct catalog *c, const char *name, const char *path, const json_t *subject, long line)
{
	char *text = json_canonical(subject, NULL);
	if (c->n == c->max) {
		c->max = c->max ? c->max + c->max / 2 : 256;
		c->records = die_realloc(c->records, c->max * sizeof *c->records);
	}
	struct catalog_record *r = &c->records[c->n++];
	*r = (struct catalog_record){.id = identifier_key(name), .line = line};
	r->path = texts_keep(&c->texts, path);
	r->name = strcmp(name, path) ? texts_keep(&c->texts, name) : r->path;
	r->subject = texts_keep(&c->texts, text);
	free(text);
}

/* Messages, tables and pages show it. */
static bool is_printable(const char *name)
{
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c < 32 || *c == 127)
			return false;
	return *name;
}

static int check(const struct catalog *c, const char *name, const char *path, const char *file, long line,
		 struct error *e)
{
	char *header = die_printf("%s.hea", path);
	bool is_inside = path_is_inside(path) && path_is_inside(header);

	free(header);
	if (!is_inside)
		return error_set(e, file, line, "'%.100s' is not the path of a record inside the dataset",
				 path);
	if (!is_printable(name) || (strlen(name) > CATALOG_NAME_BYTES && strcmp(name, path) != 0))
		return error_set(e, file, line,
				 "expected a record's id of 1 to %d bytes without control characters, found "
				 "'%.40s'",
				 CATALOG_NAME_BYTES, name);
	if (c->n == CATALOG_MAX)
		return error_set(e, file, line, "more than %d records", CATALOG_MAX);
	return 0;
}

int catalog_add(struct catalog *c, const char *name, const char *path, json_t *subject, const char *file,
		long line, struct error *e)
{
	int result = check(c, name, path, file, line, e);
	if (result == 0 && (json_object_set_new(subject, "id", json_string(name)) < 0 ||
			    json_object_set_new(subject, "path", json_string(path)) < 0))
		result = error_set(e, file, line,
				   "the record's id or path is not UTF-8: save the table as UTF-8");
	if (result == 0)
		add(c, name, path, subject, line);
	json_decref(subject);
	return result;
}

void catalog_replace(struct catalog *c, size_t i, json_t *subject)
{
	char *text = json_canonical(subject, NULL);
	c->records[i].subject = texts_keep(&c->texts, text);
	free(text);
	json_decref(subject);
}

static int order(const void *a, const void *b)
{
	const struct catalog_record *x = a, *y = b;
	int by_line = (x->line > y->line) - (x->line < y->line);
	return x->id == y->id ? by_line : (x->id > y->id) - (x->id < y->id);
}

/* Of neighbours with one key those whose second line is the first of all. */
static const struct catalog_record *find_twice(const struct catalog *c)
{
	const struct catalog_record *found = NULL;
	for (size_t i = 1; i < c->n; i++)
		if (c->records[i].id == c->records[i - 1].id &&
		    (!found || c->records[i].line < found[1].line))
			found = &c->records[i - 1];
	return found;
}

int catalog_finish(struct catalog *c, size_t limit, const char *file, struct error *e)
{
	if (!c->n)
		return error_set(e, file, 0, "no records");
	qsort(c->records, c->n, sizeof *c->records, order);
	const struct catalog_record *r = find_twice(c);
	if (r && strcmp(r[0].name, r[1].name) != 0)
		return error_set(e, file, r[1].line,
				 "the ids '%.80s' and '%.80s' (line %ld) have the same hash; change one of "
				 "them",
				 r[1].name, r[0].name, r[0].line);
	if (r)
		return error_set(e, file, r[1].line,
				 "id %.200s stands in line %ld too; an id is one record's", r[1].name,
				 r[0].line);
	if (limit && c->n > limit) {
		c->n_more = c->n - limit;
		c->n = limit;
	}
	return 0;
}
