#include "store/action.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "store/artifact.h"
#include "store/artifact_layout.h"
#include "store/publish.h"

#define MAX_ENTRY ((size_t)64 << 20)

json_t *action_new(const struct action *a)
{
	json_t *action = json_pack(
		"{s:s, s:s, s:o, s:s, s:o, s:s, s:s, s:o, s:s}", "artifact", ARTIFACT_FORMAT, "code", a->code,
		"content", a->content ? a->content : json_null(), "format", "einthoven-action/1", "inputs",
		a->inputs, "kind", a->kind, "numerics", a->numerics, "params", a->params, "stage", a->stage);
	if (!action)
		BUG("an action is not JSON");
	return action;
}

void action_key(char key[DIGEST_HEX], const json_t *action)
{
	size_t n;
	char *text = json_canonical(action, &n);
	struct digest d = digest_of(text, n);
	digest_hex(key, &d);
	free(text);
}

char *action_path(const char *key)
{
	return die_printf("%s/actions/%.2s/%s.json", artifact_store_path(), key, key);
}

/* The entry's artifact, after checking that the entry speaks of this key. */
static int read_subject(const json_t *statement, const char *key, char id[DIGEST_HEX], const char *path,
			struct error *e)
{
	const char *digest, *own;
	struct digest d;
	if (json_unpack((json_t *)statement, "{s:[{s:{s:s}}], s:{s:{s:{s:s}}}}", "subject", "digest",
			"sha256", &digest, "predicate", "buildDefinition", "internalParameters", "actionKey",
			&own) < 0)
		return error_set(e, path, 0, "not an action entry");
	if (strcmp(own, key))
		return error_set(e, path, 0, "this entry belongs to action %.64s", own);
	if (digest_parse(&d, digest) < 0)
		return error_set(e, path, 0, "its subject is not an id");
	if (id)
		digest_hex(id, &d);
	return 0;
}

json_t *action_read(const char *key, char id[DIGEST_HEX], struct error *e)
{
	char *path = action_path(key), *text = NULL;
	size_t n;
	json_t *statement = NULL;
	if (file_read(&text, &n, path, MAX_ENTRY, e) == 0)
		statement = json_read(text, n, path, e);
	if (statement && read_subject(statement, key, id, path, e) < 0) {
		json_decref(statement);
		statement = NULL;
	}
	free(text);
	free(path);
	return statement;
}

/* A miss is looked up twice: before and after taking the lock. */
static void warn_once(const char *text)
{
	static bool is_said;
	if (!is_said)
		warn("%s; ignoring this entry", text);
	is_said = true;
}

bool action_find(const char *key, char id[DIGEST_HEX])
{
	struct error e = {0};
	char *path = action_path(key);
	bool is_there = file_exists(path);
	json_t *statement = is_there ? action_read(key, id, &e) : NULL;
	if (is_there && !statement)
		warn_once(error_text(&e));
	free(path);
	json_decref(statement);
	return statement && artifact_exists(id);
}

/* Whether an entry may be replaced: it cannot be read, or what it names was removed. */
static bool is_leftover(const char *key, const char *id, char other[DIGEST_HEX])
{
	struct error e = {0};
	json_t *old = action_read(key, other, &e);
	if (!old)
		return true;
	json_decref(old);
	if (!strcmp(other, id))
		return false;
	warn("this action gave %.12s before and %.12s now: the stage is not reproducible; please report it",
	     other, id);
	return !artifact_exists(other);
}

void action_record(const char *key, char id[DIGEST_HEX], const json_t *statement)
{
	char *path = action_path(key), other[DIGEST_HEX];
	struct publish *file = publish_begin();
	size_t n;
	char *text = json_canonical(statement, &n);
	publish_write(file, text, n);
	if (file_exists(path) && is_leftover(key, id, other))
		publish_end(file, path);
	else if (!publish_first(file, path) && !is_leftover(key, id, other))
		memcpy(id, other, DIGEST_HEX);
	free(text);
	free(path);
}

bool action_is_keyed(const char *key, const json_t *statement)
{
	char own[DIGEST_HEX];
	json_t *action = NULL;
	if (json_unpack((json_t *)statement, "{s:{s:{s:{s:o}}}}", "predicate", "buildDefinition",
			"internalParameters", "action", &action) < 0)
		return false;
	action_key(own, action);
	return !strcmp(own, key);
}

struct each {
	void (*f)(const char *key, const char *id, const json_t *statement, void *context);
	void (*bad)(const char *why, void *context);
	void *context;
};

static void each_entry(const struct each *each, const char *name)
{
	char key[DIGEST_HEX], id[DIGEST_HEX];
	struct digest parsed;
	struct error e = {0};

	if (strlen(name) != DIGEST_HEX - 1 + strlen(".json"))
		return;
	memcpy(key, name, DIGEST_HEX - 1);
	key[DIGEST_HEX - 1] = 0;
	if (digest_parse(&parsed, key) < 0)
		return;

	json_t *statement = action_read(key, id, &e);
	if (statement)
		each->f(key, id, statement, each->context);
	else if (each->bad)
		each->bad(error_text(&e), each->context);

	json_decref(statement);
}

static void each_in(const struct each *each, const char *folder)
{
	DIR *d = opendir(folder);
	for (struct dirent *entry; d && (entry = readdir(d));)
		each_entry(each, entry->d_name);
	if (d)
		closedir(d);
}

void action_each(void (*f)(const char *key, const char *id, const json_t *statement, void *context),
		 void (*bad)(const char *why, void *context), void *context)
{
	const struct each each = {f, bad, context};
	for (int i = 0; i < 256; i++) {
		char *folder = die_printf("%s/actions/%02x", artifact_store_path(), i);
		each_in(&each, folder);
		free(folder);
	}
}
