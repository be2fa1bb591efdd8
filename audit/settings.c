#include "audit/settings.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "store/action.h"
#include "store/objects.h"

#define MAX_SLICE ((size_t)16 << 20)

/* What one stage in one folder has come to. */
struct place {
	char *folder, *arm, *stage;
	char id[DIGEST_HEX], key[DIGEST_HEX]; /* key: "" if not known */
	json_t *params;			      /* NULL: no slice */
};

struct settings {
	struct place *place;
	size_t n;
};

static json_t *read_json(const char *folder, const char *name, const char *suffix)
{
	char *path = die_printf("%s/%s%s", folder, name, suffix), *text = NULL;
	size_t n;
	json_t *value = NULL;
	if (file_read(&text, &n, path, MAX_SLICE, NULL) == 0)
		value = json_read(text, n, path, NULL);
	free(text);
	free(path);
	return value;
}

static void add(struct settings *s, const char *folder, const char *arm, const char *file)
{
	char *path = die_printf("%s/%s", folder, file);
	struct place p = {0};
	if (objects_resolve(p.id, path, NULL) == 0) {
		p.folder = die_strdup(folder);
		p.arm = die_strdup(arm);
		p.stage = die_printf("%.*s", (int)(strlen(file) - strlen(".id")), file);
		char *slice = die_printf("params/%s", p.stage);
		json_t *action = read_json(folder, p.stage, ".key.json");
		p.params = read_json(folder, slice, ".json");
		if (action)
			action_key(p.key, action);
		json_decref(action);
		free(slice);
		s->place = die_realloc(s->place, (s->n + 1) * sizeof *s->place);
		s->place[s->n++] = p;
	}
	free(path);
}

static void read_folder(struct settings *s, const char *folder, const char *arm)
{
	struct dirent **list;
	int n = scandir(folder, &list, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name, *end = strrchr(name, '.');
		if (*name != '.' && end && !strcmp(end, ".id"))
			add(s, folder, arm, name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

static void read_arms(struct settings *s, const char *run)
{
	char *arms = die_printf("%s/arms", run);
	struct dirent **list;
	int n = scandir(arms, &list, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char *folder = die_printf("%s/%s", arms, list[i]->d_name);
		if (*list[i]->d_name != '.')
			read_folder(s, folder, list[i]->d_name);
		free(folder);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	free(arms);
}

struct settings *settings_open(const char *folder)
{
	struct settings *s = die_calloc(1, sizeof *s);
	read_folder(s, folder, "");
	read_arms(s, folder);
	return s;
}

void settings_close(struct settings *s)
{
	for (size_t i = 0; s && i < s->n; i++) {
		free(s->place[i].folder);
		free(s->place[i].arm);
		free(s->place[i].stage);
		json_decref(s->place[i].params);
	}
	if (s)
		free(s->place);
	free(s);
}

const char *settings_key(const struct settings *s, const char *id)
{
	for (size_t i = 0; s && i < s->n; i++)
		if (!strcmp(s->place[i].id, id) && *s->place[i].key)
			return s->place[i].key;
	return NULL;
}

json_t *settings_arms(const struct settings *s, const char *id)
{
	json_t *arms = json_array();
	for (size_t i = 0; s && i < s->n; i++)
		if (!strcmp(s->place[i].id, id))
			json_array_append_new(arms, json_string(s->place[i].arm));
	return arms;
}

const char *settings_id(const struct settings *s, const char *arm, const char *stage)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->place[i].stage, stage) && !strcmp(s->place[i].arm, arm ? arm : ""))
			return s->place[i].id;
	return NULL;
}

/* ---- then and now ---- */

static void compare(json_t *changed, const struct place *p, const json_t *then)
{
	const char *name;
	json_t *value;
	json_object_foreach ((json_t *)then, name, value) {
		const json_t *now = json_object_get(p->params, name);
		if (now && json_alike(now, value))
			continue;
		json_array_append_new(
			changed, json_pack("{s:s, s:O, s:O?, s:o}", "name", name, "then", value, "now", now,
					   "file", json_sprintf("%s/params/%s.json", p->folder, p->stage)));
	}
}

json_t *settings_compare(const struct settings *s, const char *id, const json_t *action)
{
	const char *stage = json_string_value(json_object_get(action, "stage"));
	json_t *changed = json_array();
	bool is_met = false;
	for (size_t i = 0; s && stage && i < s->n; i++) {
		const struct place *p = &s->place[i];
		if (strcmp(p->id, id) || strcmp(p->stage, stage) || !p->params)
			continue;
		is_met = true;
		compare(changed, p, json_object_get(action, "params"));
	}
	const char *state = !is_met ? "not of this run" : json_array_size(changed) ? "differs" : "same";
	return json_pack("{s:s, s:o}", "state", state, "changed", changed);
}
