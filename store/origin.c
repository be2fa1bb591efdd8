#include "store/origin.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"

/* NULL: it has none. */
static const char *table_of(const struct artifact *a)
{
	static const char *const tables[] = {"origin", "subject"};
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		if (artifact_has_table(a, tables[i]))
			return tables[i];
	return NULL;
}

json_t *origin_read(const struct artifact *a, uint64_t record)
{
	struct error e = {0};
	const char *table = table_of(a);
	struct artifact_value v = {0};
	if (table)
		v = artifact_get_record(a, table, record);
	if (!v.bytes)
		return json_object();
	json_t *origin = json_read(v.bytes, v.n_bytes, "origin", &e);
	if (!json_is_object(origin))
		die("%s %s: origin of record %" PRIu64 ": %s", artifact_kind(a), artifact_id(a), record,
		    origin ? "expected an object" : error_text(&e));
	return origin;
}

char *origin_name(const struct artifact *a, uint64_t record)
{
	json_t *origin = origin_read(a, record);
	const char *id = json_string_value(json_object_get(origin, "id"));
	char *name = id ? die_strdup(id) : die_printf("%" PRIu64, record);
	json_decref(origin);
	return name;
}

/* The member as canonical JSON has it, '"patient":"P7"': no text inside a value contains that, since quotes
 * in texts are escaped. Yours to free. */
static char *needle_of(const char *member, const char *text)
{
	json_t *object = json_object(), *value = json_string(text);
	if (!value || json_object_set_new(object, member, value) < 0) {
		json_decref(object);
		return NULL; /* no UTF-8, so nowhere */
	}
	char *needle = json_canonical(object, NULL);
	size_t n = strlen(needle);
	memmove(needle, needle + 1, n - 2);
	needle[n - 2] = 0;
	json_decref(object);
	return needle;
}

int origin_search(const struct artifact *a, const char *member, const char *text,
		  void (*f)(uint64_t record, const json_t *origin, void *context), void *context,
		  struct error *e)
{
	const char *table = table_of(a);
	char *needle = needle_of(member, text);
	int status = 0;
	struct artifact_cursor *c = table && needle ? artifact_walk(a, table) : NULL;

	while (c && (status = artifact_try_next(c, e)) > 0) {
		if (c->key_bytes != 8 || !memmem(c->value, c->value_bytes, needle, strlen(needle)))
			continue;
		json_t *origin = json_read(c->value, c->value_bytes, table, NULL);
		if (origin)
			f(artifact_record(c->key), origin, context);
		json_decref(origin);
	}
	free(needle);
	return status;
}
