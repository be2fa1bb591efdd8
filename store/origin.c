#include "store/origin.h"

#include <inttypes.h>

#include "common/die.h"
#include "common/json.h"

static struct artifact_value find(const struct artifact *a, uint64_t record)
{
	static const char *const tables[] = {"origin", "subject"};
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		if (artifact_has_table(a, tables[i]))
			return artifact_get_record(a, tables[i], record);
	return (struct artifact_value){0};
}

json_t *origin_read(const struct artifact *a, uint64_t record)
{
	struct error e = {0};
	struct artifact_value v = find(a, record);
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
