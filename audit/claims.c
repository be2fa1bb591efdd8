#include "audit/claims.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/die.h"
#include "common/json.h"

static const json_t *definition(const json_t *statement)
{
	return json_object_get(json_object_get(statement, "predicate"), "buildDefinition");
}

static const json_t *internal(const json_t *statement)
{
	return json_object_get(definition(statement), "internalParameters");
}

const json_t *claims_params(const json_t *statement)
{
	return json_object_get(json_object_get(definition(statement), "externalParameters"), "params");
}

/* Value of the first resolved dependency of this name (its beginning, if it ends in ':'), by algorithm. */
static const json_t *dependency(const json_t *statement, const char *name)
{
	size_t i, n = strlen(name);
	const json_t *item;
	json_array_foreach (json_object_get(definition(statement), "resolvedDependencies"), i, item) {
		const char *own = json_string_value(json_object_get(item, "name"));
		if (own && (name[n - 1] == ':' ? !strncmp(own, name, n) : !strcmp(own, name)))
			return item;
	}
	return NULL;
}

const char *claims_commit(const json_t *statement)
{
	const json_t *source = dependency(statement, "source");
	const char *clean =
		json_string_value(json_object_get(json_object_get(source, "digest"), "gitCommit"));
	return clean ? clean
		     : json_string_value(json_object_get(json_object_get(source, "annotations"), "commit"));
}

bool claims_is_modified(const json_t *statement)
{
	const json_t *source = dependency(statement, "source");
	return json_is_true(json_object_get(json_object_get(source, "annotations"), "modified"));
}

char *claims_sources(const json_t *statement)
{
	const char *list = json_string_value(json_object_get(internal(statement), "sources"));
	return list ? die_strdup(list) : NULL;
}

json_t *claims_raw(const json_t *statement)
{
	static const char prefix[] = "source:";
	json_t *out = json_array();
	size_t i;
	const json_t *item;
	json_array_foreach (json_object_get(definition(statement), "resolvedDependencies"), i, item) {
		const char *name = json_string_value(json_object_get(item, "name"));
		const json_t *hex = json_object_get(json_object_get(item, "digest"), "sha256");
		if (!name || !json_is_string(hex) || strncmp(name, prefix, strlen(prefix)) != 0)
			continue;
		json_array_append_new(out, json_pack("{s:s, s:O, s:O*}", "name", name + strlen(prefix),
						     "sha256", hex, "uri", json_object_get(item, "uri")));
	}
	return out;
}

static const char *metadata(const json_t *statement, const char *name)
{
	const json_t *run = json_object_get(json_object_get(statement, "predicate"), "runDetails");
	return json_text(json_object_get(run, "metadata"), name);
}

const char *claims_started(const json_t *statement)
{
	return metadata(statement, "startedOn");
}

const char *claims_finished(const json_t *statement)
{
	return metadata(statement, "finishedOn");
}

/* Seconds since 1970, or -1. */
static double seconds_of(const char *text)
{
	struct tm t = {0};
	double s;
	if (sscanf(text, "%d-%d-%dT%d:%d:%lf", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour, &t.tm_min,
		   &s) != 6)
		return -1;
	t.tm_year -= 1900;
	t.tm_mon -= 1;
	return (double)timegm(&t) + s;
}

double claims_seconds(const json_t *statement)
{
	double from = seconds_of(claims_started(statement)), to = seconds_of(claims_finished(statement));
	return from > 0 && to > from ? to - from : 0;
}
