#include "store/provenance.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/die.h"

/* RFC 3339, to the millisecond, in UTC. */
static json_t *time_text(struct timespec t)
{
	struct tm utc;
	char text[64];
	gmtime_r(&t.tv_sec, &utc);
	size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + n, sizeof text - n, ".%03ldZ", t.tv_nsec / 1000000);
	return json_string(text);
}

/* A random UUID (RFC 4122, version 4). */
static json_t *uuid(void)
{
	unsigned char b[16];
	if (getrandom(b, sizeof b, 0) != sizeof b)
		die("getrandom failed");
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	return json_sprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
			    b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
			    b[14], b[15]);
}

/* The git commit this program was built from, put in by the build; empty or absent if its sources were not
 * those of a commit. Never in an action key. */
extern const char stage_commit[] __attribute__((weak));

static json_t *descriptor(const char *prefix, const char *name, const char *algorithm, const char *digest)
{
	return json_pack("{s:{s:s}, s:o}", "digest", algorithm, digest, "name",
			 json_sprintf("%s%s", prefix, name));
}

static json_t *dependencies(const struct provenance *p)
{
	json_t *list = json_array(), *id;
	const char *name, *stage = json_string_value(json_object_get(p->action, "stage"));
	json_object_foreach (json_object_get(p->action, "inputs"), name, id)
		if (json_is_string(id))
			json_array_append_new(list,
					      descriptor("input:", name, "sha256", json_string_value(id)));
	json_array_append_new(list, descriptor("code:", stage, "sha256",
					       json_string_value(json_object_get(p->action, "code"))));
	if (stage_commit && *stage_commit)
		json_array_append_new(list, descriptor("", "source", "gitCommit", stage_commit));
	if (p->dependencies)
		json_array_extend(list, (json_t *)p->dependencies);
	return list;
}

static json_t *environment(void)
{
	static const char *const names[] = {"EINTHOVEN_DEVICE", "EINTHOVEN_ISA", "EINTHOVEN_THREADS"};
	json_t *set = json_object();
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (getenv(names[i]))
			json_object_set_new(set, names[i], json_string(getenv(names[i])));
	return set;
}

#ifdef __clang__
#define COMPILER __VERSION__ /* names itself */
#else
#define COMPILER "gcc " __VERSION__
#endif

static json_t *run_details(const struct provenance *p)
{
	json_t *versions =
		json_pack("{s:s, s:s}", "compiler", COMPILER, "libcrypto", OpenSSL_version(OPENSSL_VERSION));
	return json_pack("{s:{s:s, s:o}, s:{s:o, s:o, s:o}}", "builder", "id", "urn:einthoven:builder:local",
			 "version", versions, "metadata", "finishedOn", time_text(p->finished),
			 "invocationId", uuid(), "startedOn", time_text(p->started));
}

json_t *provenance_statement(const struct provenance *p)
{
	const json_t *stage = json_object_get(p->action, "stage"), *kind = json_object_get(p->action, "kind");
	json_t *subject = json_pack("[{s:{s:O}, s:{s:s}, s:O}]", "annotations", "kind", kind, "digest",
				    "sha256", p->id, "name", stage);
	json_t *definition =
		json_pack("{s:s, s:{s:O, s:O}, s:{s:O, s:s, s:o}, s:o}", "buildType",
			  "urn:einthoven:stage:v1", "externalParameters", "params", p->params, "stage", stage,
			  "internalParameters", "action", p->action, "actionKey", p->key, "environment",
			  environment(), "resolvedDependencies", dependencies(p));
	json_t *statement =
		json_pack("{s:s, s:{s:o, s:o}, s:s, s:o}", "_type", "https://in-toto.io/Statement/v1",
			  "predicate", "buildDefinition", definition, "runDetails", run_details(p),
			  "predicateType", "https://slsa.dev/provenance/v1", "subject", subject);

	if (!statement)
		BUG("a provenance statement is not JSON");
	return statement;
}
