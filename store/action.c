#include "store/action.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "store/artifact.h"
#include "store/artifact_layout.h"
#include "store/folder.h"

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

/* ---- all of them ---- */

/* The digest that a name begins with, if it ends as given. */
static bool is_named(char hex[DIGEST_HEX], const char *name, const char *end)
{
	struct digest d;
	if (strlen(name) != DIGEST_HEX - 1 + strlen(end) || strcmp(name + DIGEST_HEX - 1, end) != 0)
		return false;
	memcpy(hex, name, DIGEST_HEX - 1);
	hex[DIGEST_HEX - 1] = 0;
	return digest_parse(&d, hex) == 0;
}

struct each {
	void (*f)(const struct action_entry *entry, void *context);
	void (*bad)(const struct error *e, void *context);
	void *context;
};

static void each_entry(const char *path, const char *name, void *context)
{
	const struct each *each = context;
	char key[DIGEST_HEX], id[DIGEST_HEX];
	struct action_entry entry = {key, id, NULL, {0}};
	struct error e = {0};

	(void)path;
	if (!is_named(key, name, ".json"))
		return;
	json_t *statement = action_read(key, id, &entry.verdict, &e);
	entry.statement = statement;
	if (statement)
		each->f(&entry, each->context);
	else if (each->bad)
		each->bad(&e, each->context);

	json_decref(statement);
}

void action_each(void (*f)(const struct action_entry *entry, void *context),
		 void (*bad)(const struct error *e, void *context), void *context)
{
	struct each each = {f, bad, context};
	for (int i = 0; i < 256; i++) {
		char *folder = die_printf("actions/%02x", i);
		folder_each(folder, each_entry, &each);
		free(folder);
	}
}

struct each_conflict {
	void (*f)(const struct action_entry *entry, const char *path, void *context);
	void *context;
	const char *key;
};

static void each_conflict_of(const char *path, const char *name, void *context)
{
	const struct each_conflict *each = context;
	char hex[DIGEST_HEX], id[DIGEST_HEX] = "", *text = NULL;
	struct action_entry entry = {each->key, id, NULL, {0}};
	struct error e = {0};
	size_t n;
	if (!is_named(hex, name, ".json"))
		return;
	json_t *statement = NULL;
	if (file_read(&text, &n, path, ACTION_ENTRY_MAX, &e) == 0)
		statement = action_parse(text, n, path, each->key, id, &entry.verdict, &e);
	entry.statement = statement;
	if (!statement)
		*id = 0;
	each->f(&entry, path, each->context);
	json_decref(statement);
	free(text);
}

static void each_conflicting_action(const char *path, const char *name, void *context)
{
	struct each_conflict *each = context;
	char key[DIGEST_HEX], *folder = die_printf("conflicts/%s", name);
	(void)path;
	each->key = key;
	if (is_named(key, name, ""))
		folder_each(folder, each_conflict_of, each);
	free(folder);
}

void action_each_conflict(void (*f)(const struct action_entry *entry, const char *path, void *context),
			  void *context)
{
	struct each_conflict each = {f, context, NULL};
	folder_each("conflicts", each_conflicting_action, &each);
}
