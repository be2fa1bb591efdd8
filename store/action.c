#include "store/action.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "store/artifact.h"
#include "store/artifact_layout.h"

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

struct each {
	void (*f)(const struct action_entry *entry, void *context);
	void (*bad)(const char *why, void *context);
	void *context;
};

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

static void each_entry(const struct each *each, const char *name)
{
	char key[DIGEST_HEX], id[DIGEST_HEX];
	struct action_entry entry = {key, id, NULL, {0}};
	struct error e = {0};

	if (!is_named(key, name, ".json"))
		return;
	json_t *statement = action_read(key, id, &entry.verdict, &e);
	entry.statement = statement;
	if (statement)
		each->f(&entry, each->context);
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

void action_each(void (*f)(const struct action_entry *entry, void *context),
		 void (*bad)(const char *why, void *context), void *context)
{
	const struct each each = {f, bad, context};
	for (int i = 0; i < 256; i++) {
		char *folder = die_printf("%s/actions/%02x", artifact_store_path(), i);
		each_in(&each, folder);
		free(folder);
	}
}

struct each_conflict {
	void (*f)(const struct action_entry *entry, const char *path, void *context);
	void *context;
};

static void each_conflict_in(const struct each_conflict *each, const char *folder, const char *key)
{
	char name[DIGEST_HEX], id[DIGEST_HEX] = "";
	DIR *d = opendir(folder);
	for (struct dirent *file; d && (file = readdir(d));) {
		struct action_entry entry = {key, id, NULL, {0}};
		struct error e = {0};
		char *path = die_printf("%s/%s", folder, file->d_name), *text = NULL;
		size_t n;
		json_t *statement = NULL;
		if (is_named(name, file->d_name, ".json")) {
			if (file_read(&text, &n, path, ACTION_ENTRY_MAX, &e) == 0)
				statement = action_parse(text, n, path, key, id, &entry.verdict, &e);
			entry.statement = statement;
			if (!statement)
				*id = 0;
			each->f(&entry, path, each->context);
		}
		json_decref(statement);
		free(text);
		free(path);
	}
	if (d)
		closedir(d);
}

void action_each_conflict(void (*f)(const struct action_entry *entry, const char *path, void *context),
			  void *context)
{
	const struct each_conflict each = {f, context};
	char key[DIGEST_HEX], *root = die_printf("%s/conflicts", artifact_store_path());
	DIR *d = opendir(root);
	for (struct dirent *entry; d && (entry = readdir(d));) {
		char *folder = die_printf("%s/%s", root, entry->d_name);
		if (is_named(key, entry->d_name, ""))
			each_conflict_in(&each, folder, key);
		free(folder);
	}
	if (d)
		closedir(d);
	free(root);
}
