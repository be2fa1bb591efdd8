#include "store/provenance.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/die.h"
#include "common/json.h"
#include "store/action.h"
#include "store/digest.h"

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

/* Put in by the build, never in an action key: the git commit this program was built from, "-modified" behind
 * it if its sources differed; empty if git did not know them. And the text whose SHA-256 is the code
 * identity, a line per source. */
extern const char stage_commit[] __attribute__((weak));
extern const char stage_sources[] __attribute__((weak));

static json_t *descriptor(const char *prefix, const char *name, const char *algorithm, const char *digest)
{
	return json_pack("{s:{s:s}, s:o}", "digest", algorithm, digest, "name",
			 json_sprintf("%s%s", prefix, name));
}

/* A changed tree is not its commit, so that is no digest of it. */
static json_t *commit(void)
{
	static const char mark[] = "-modified";
	const char *end = strstr(stage_commit, mark);
	if (!end)
		return descriptor("", "source", "gitCommit", stage_commit);
	return json_pack("{s:{s:o, s:b}, s:s, s:o}", "annotations", "commit",
			 json_stringn(stage_commit, (size_t)(end - stage_commit)), "modified", 1, "name",
			 "source", "uri", json_sprintf("git:%s", stage_commit));
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
		json_array_append_new(list, commit());
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

/* ---- the seal ---- */

static json_t *internal(const json_t *statement)
{
	const json_t *definition =
		json_object_get(json_object_get(statement, "predicate"), "buildDefinition");
	return json_object_get(definition, "internalParameters");
}

/* The digest of a statement that bears no seal. */
static void seal_of(char hex[DIGEST_HEX], const json_t *statement)
{
	size_t n;
	char *text = json_canonical(statement, &n);
	struct digest d = digest_of(text, n);
	digest_hex(hex, &d);
	free(text);
}

static void seal(json_t *statement)
{
	char hex[DIGEST_HEX];
	seal_of(hex, statement);
	json_object_set_new(internal(statement), "seal", json_string(hex));
}

/* Whether the seal, if there is one, is that of the rest. */
static bool is_seal_whole(const json_t *statement)
{
	char hex[DIGEST_HEX];
	json_t *parameters = internal(statement), *found = json_incref(json_object_get(parameters, "seal"));
	if (!found)
		return true;
	json_object_del(parameters, "seal");
	seal_of(hex, statement);
	bool is_whole = json_is_string(found) && !strcmp(json_string_value(found), hex);
	json_object_set_new(parameters, "seal", found);
	return is_whole;
}

/* ---- writing ---- */

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
	if (stage_sources)
		json_object_set_new(json_object_get(definition, "internalParameters"), "sources",
				    json_string(stage_sources));
	json_t *statement =
		json_pack("{s:s, s:{s:o, s:o}, s:s, s:o}", "_type", "https://in-toto.io/Statement/v1",
			  "predicate", "buildDefinition", definition, "runDetails", run_details(p),
			  "predicateType", "https://slsa.dev/provenance/v1", "subject", subject);

	if (!statement)
		BUG("a provenance statement is not JSON");
	seal(statement);
	return statement;
}

/* ---- reading ---- */

enum { STAGE_MAX = 48 };

struct reading {
	const json_t *statement, *definition;
	struct provenance_parts *p;
	const char *name;
	struct error *e;
	enum verdict_kind *wrong;
};

static int refuse(const struct reading *r, enum verdict_kind kind, const char *why)
{
	*r->wrong = kind;
	return error_set(r->e, r->name, 0, "%s", why);
}

static bool has_text(const json_t *object, const char *name, const char *expected)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text && expected && !strcmp(text, expected);
}

/* Members that no version of ours writes: their names were edited. */
static bool has_strange(const json_t *object, const char *const *known)
{
	const char *name;
	json_t *unused;
	json_object_foreach ((json_t *)object, name, unused) {
		const char *const *k = known;
		while (*k && strcmp(*k, name) != 0)
			k++;
		if (!*k)
			return true;
	}
	return false;
}

/* It becomes part of paths, and the name of a program that is run. */
static bool is_stage_name(const char *stage)
{
	size_t n = strspn(stage, "abcdefghijklmnopqrstuvwxyz0123456789_-");
	return n && n <= STAGE_MAX && !stage[n];
}

static int read_shape(const struct reading *r)
{
	static const char *const known[] = {"action", "actionKey", "environment", "seal", "sources", NULL};
	struct provenance_parts *p = r->p;
	const json_t *list = json_object_get(r->statement, "subject"),
		     *run = json_object_get(json_object_get(r->statement, "predicate"), "runDetails"),
		     *parameters = internal(r->statement);

	if (!has_text(r->statement, "_type", "https://in-toto.io/Statement/v1") ||
	    !has_text(r->statement, "predicateType", "https://slsa.dev/provenance/v1") ||
	    !has_text(r->definition, "buildType", "urn:einthoven:stage:v1"))
		return refuse(r, VERDICT_DAMAGED, "is not an action entry");

	p->id = json_string_value(
		json_object_get(json_object_get(json_array_get(list, 0), "digest"), "sha256"));
	p->key = json_string_value(json_object_get(parameters, "actionKey"));
	p->action = json_object_get(parameters, "action");
	p->stage = json_string_value(json_object_get(p->action, "stage"));
	p->finished = json_string_value(json_object_get(json_object_get(run, "metadata"), "finishedOn"));
	p->is_sealed = json_object_get(parameters, "seal");
	struct digest d;
	if (json_array_size(list) != 1 || !p->id || !p->key || digest_parse(&d, p->key) < 0 || !p->stage ||
	    !p->finished)
		return refuse(r, VERDICT_DAMAGED, "is not an action entry");
	if (!is_stage_name(p->stage))
		return refuse(r, VERDICT_DAMAGED,
			      "names a stage that cannot be one: its name is 1 to 48 of a-z, 0-9, _ and -");

	if (has_strange(parameters, known) || !is_seal_whole(r->statement))
		return refuse(r, VERDICT_DAMAGED, "was changed after it was written: its seal does not fit");
	return 0;
}

static bool fits_key(const struct provenance_parts *p)
{
	char own[DIGEST_HEX];
	action_key(own, p->action);
	return !strcmp(own, p->key);
}

static bool fits_subject(const struct reading *r)
{
	const json_t *subject = json_array_get(json_object_get(r->statement, "subject"), 0);
	struct digest d;
	return digest_parse(&d, r->p->id) == 0 && has_text(subject, "name", r->p->stage) &&
	       has_text(json_object_get(subject, "annotations"), "kind",
			json_string_value(json_object_get(r->p->action, "kind")));
}

/* What the key holds of the parameters must stand among all of them. */
static bool fits_params(const struct reading *r)
{
	const json_t *external = json_object_get(r->definition, "externalParameters"),
		     *params = json_object_get(external, "params");
	const char *name;
	json_t *value;
	json_object_foreach (json_object_get(r->p->action, "params"), name, value)
		if (!json_alike(value, json_object_get(params, name)))
			return false;
	return has_text(external, "stage", r->p->stage);
}

/* Does the list name this input, or the code, with this digest? */
static bool names(const json_t *list, const char *prefix, const char *name, const json_t *digest)
{
	size_t i, n = strlen(prefix);
	json_t *item;
	json_array_foreach (list, i, item) {
		const char *own = json_string_value(json_object_get(item, "name"));
		if (own && !strncmp(own, prefix, n) && !strcmp(own + n, name))
			return json_alike(digest, json_object_get(json_object_get(item, "digest"), "sha256"));
	}
	return false;
}

static bool fits_dependencies(const struct reading *r)
{
	const json_t *list = json_object_get(r->definition, "resolvedDependencies");
	const char *name;
	json_t *id;
	json_object_foreach (json_object_get(r->p->action, "inputs"), name, id)
		if (json_is_string(id) && !names(list, "input:", name, id))
			return false;
	return names(list, "code:", r->p->stage, json_object_get(r->p->action, "code"));
}

/* The list of sources, if there is one, hashes to the code identity. */
static bool fits_sources(const struct reading *r)
{
	const json_t *list = json_object_get(internal(r->statement), "sources");
	char hex[DIGEST_HEX];
	if (!list)
		return true;
	if (!json_is_string(list))
		return false;
	struct digest d = digest_of(json_string_value(list), json_string_length(list));
	digest_hex(hex, &d);
	return has_text(r->p->action, "code", hex);
}

int provenance_read(struct provenance_parts *p, const json_t *statement, enum verdict_kind *wrong,
		    const char *name, struct error *e)
{
	const json_t *definition =
		json_object_get(json_object_get(statement, "predicate"), "buildDefinition");
	const struct reading r = {statement, definition, p, name, e, wrong};
	*p = (struct provenance_parts){0};
	if (read_shape(&r) < 0)
		return -1;
	if (!fits_key(p))
		return refuse(&r, VERDICT_MISFIT, "has an action that does not hash to its key");
	if (!fits_subject(&r))
		return refuse(&r, VERDICT_MISFIT, "has a subject that is none of its action");
	if (!fits_params(&r))
		return refuse(&r, VERDICT_MISFIT, "has other parameters than its action");
	if (!fits_sources(&r))
		return refuse(&r, VERDICT_MISFIT, "has a list of sources that does not hash to its code");
	if (!fits_dependencies(&r))
		return refuse(&r, VERDICT_MISFIT, "has other inputs or code than its action");
	return 0;
}
