#include "remote/header.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "remote/stream.h"

static int refuse(const struct header *h, const char *what, struct error *e)
{
	return error_set(e, NULL, 0, "the header of artifact %.12s from the remote %s", h->id, what);
}

static bool is_name(const char *name)
{
	size_t n = strlen(name);
	if (n < 1 || n > 64)
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("._-", *name))
			return false;
	return true;
}

static bool read_count(uint64_t *count, const json_t *table, const char *name)
{
	const json_t *value = json_object_get(table, name);
	*count = (uint64_t)json_integer_value(value);
	return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool read_table(struct header_table *t, const char *name, const json_t *json)
{
	const char *root = json_string_value(json_object_get(json, "root"));
	t->name = name;
	return is_name(name) && json_object_size(json) == 3 && read_count(&t->count, json, "count") &&
	       read_count(&t->n_bytes, json, "bytes") && t->n_bytes >= t->count && root &&
	       strlen(root) == DIGEST_HEX - 1 && digest_parse(&t->root, root) == 0;
}

static int read_members(struct header *h, struct error *e)
{
	const char *format, *name;
	json_t *attributes, *tables, *item;
	if (json_unpack(h->json, "{s:o, s:s, s:s, s:i, s:o !}", "attributes", &attributes, "format", &format,
			"kind", &h->kind, "schema", &h->schema, "tables", &tables) < 0 ||
	    !json_is_object(attributes) || !json_is_object(tables) || h->schema < 1 || !is_name(h->kind))
		return refuse(h, "is not one", e);
	if (strcmp(format, ARTIFACT_FORMAT))
		return refuse(h, "is of another format; is this program older than who made it?", e);
	if (json_object_size(tables) > ARTIFACT_MAX_TABLES)
		return refuse(h, "names too many tables", e);
	json_object_foreach (tables, name, item)
		if (!read_table(&h->table[h->n_tables++], name, item))
			return refuse(h, "describes a table that cannot be", e);
	return 0;
}

static bool is_canonical(const json_t *json, const char *bytes, size_t n_bytes)
{
	size_t n;
	char *text = json_canonical(json, &n);
	bool is = n == n_bytes && !memcmp(text, bytes, n);
	free(text);
	return is;
}

int header_read(struct header *h, const char *id, const char *bytes, size_t n_bytes, struct error *e)
{
	struct digest d = digest_of(bytes, n_bytes);
	char own[DIGEST_HEX];
	*h = (struct header){0};
	memcpy(h->id, id, sizeof h->id);
	digest_hex(own, &d);
	if (strcmp(own, id))
		return refuse(h, "does not hash to its id", e);
	h->json = json_read(bytes, n_bytes, "header from the remote", e);
	if (!h->json || read_members(h, e) < 0)
		return -1;
	return is_canonical(h->json, bytes, n_bytes) ? 0 : refuse(h, "is not canonical JSON", e);
}

void header_release(struct header *h)
{
	json_decref(h->json);
	*h = (struct header){0};
}

struct artifact_writer *header_empty_writer(const struct header *h)
{
	struct artifact_writer *w = artifact_create(h->kind, h->schema);
	const char *name;
	json_t *value;
	json_object_foreach (json_object_get(h->json, "attributes"), name, value)
		artifact_attribute(w, name, json_incref(value));
	return w;
}

struct artifact_writer *header_writer(const struct header *h)
{
	struct artifact_writer *w = header_empty_writer(h);
	for (int i = 0; i < h->n_tables; i++)
		artifact_table(w, h->table[i].name);
	return w;
}

uint64_t header_bytes(const struct header *h)
{
	uint64_t n = 0;
	for (int i = 0; i < h->n_tables; i++)
		n += h->table[i].n_bytes + STREAM_OVERHEAD * h->table[i].count;
	return n;
}

const struct header_table *header_find(const struct header *h, const char *table)
{
	for (int i = 0; i < h->n_tables; i++)
		if (!strcmp(h->table[i].name, table))
			return &h->table[i];
	return NULL;
}
