/* Reading a study file. */
#include "tools/params/study.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "common/nearest.h"
#include "common/params.h"
#include "tools/params/study_settings.h"

/* Fold 10 is for the end, when nothing is left to choose (ecg/fold.h). */
enum { LAST_FOLD = 9 };

/* ---- lists of whole numbers ---- */

static int read_number(struct study_reading *r, const char *name, const struct yaml_value *v, double least,
		       double most)
{
	const struct param p = {.name = name, .type = PARAM_INT, .min = least, .max = most};
	struct place at = {r->path, v->line, "study"};
	json_t *list = json_object_get(r->study, name),
	       *number = v->kind == YAML_SCALAR ? schema_value(&p, v->text, v->is_quoted, &at, r->e) : NULL;

	if (v->kind != YAML_SCALAR)
		return error_set(r->e, r->path, v->line, "expected a list of whole numbers");
	if (!number)
		return -1;
	if (!json_append_once(list, number)) {
		json_decref(number);
		return error_set(r->e, r->path, v->line, "%s: %s is there twice", name, v->text);
	}
	json_decref(number);
	return 0;
}

static int read_numbers(struct study_reading *r, const struct yaml_value *v, double least, double most)
{
	if (v->kind != YAML_LIST || !v->first)
		return error_set(r->e, r->path, v->line,
				 "%s: expected a list of whole numbers, like [1, 2, 3]", v->key);
	json_array_clear(json_object_get(r->study, v->key));
	for (const struct yaml_value *item = v->first; item; item = item->next)
		if (read_number(r, v->key, item, least, most) < 0)
			return -1;
	return 0;
}

static int read_folds(struct study_reading *r, const struct yaml_value *v)
{
	for (const struct yaml_value *item = v->first; item; item = item->next)
		if (item->kind == YAML_SCALAR && !strcmp(item->text, "10"))
			return error_set(
				r->e, r->path, item->line,
				"folds: fold 10 is no fold to choose by; a study takes those of 1 to 9");
	return read_numbers(r, v, 1, LAST_FOLD);
}

/* ---- the file ---- */

static int read_fit(struct study_reading *r, const struct yaml_value *v)
{
	if (v->kind != YAML_LIST)
		return error_set(r->e, r->path, v->line,
				 "fit: expected a list of parameters of the grids, like [pretrain.batch]");
	for (const struct yaml_value *item = v->first; item; item = item->next) {
		json_t *setting;
		size_t i;
		bool is_axis = false;
		json_array_foreach (json_object_get(r->study, "settings"), i, setting)
			is_axis |= item->kind == YAML_SCALAR &&
				   json_integer_value(json_object_get(setting, "grid")) > 0 &&
				   json_object_get(json_object_get(setting, "set"), item->text);
		if (!is_axis)
			return error_set(r->e, r->path, item->line, "fit: no grid has an axis '%.80s'",
					 item->kind == YAML_SCALAR ? item->text : "");
		json_array_append_new(json_object_get(r->study, "fit"), json_string(item->text));
	}
	return 0;
}

static int read_text(struct study_reading *r, const struct yaml_value *v)
{
	if (v->kind != YAML_SCALAR || study_settings_is_empty(v))
		return error_set(r->e, r->path, v->line, "%s: expected a text", v->key);
	json_object_set_new(r->study, v->key, json_string(v->text));
	return 0;
}

static int read_seeds(struct study_reading *r, const struct yaml_value *v)
{
	return read_numbers(r, v, 0, 4294967295.0);
}

/* In the order in which they are read, whatever that of the file: fit asks what the grids have. */
static const struct {
	const char *name;
	int (*read)(struct study_reading *r, const struct yaml_value *v);
} keys[] = {{"question", read_text},
	    {"params", read_text},
	    {"seeds", read_seeds},
	    {"folds", read_folds},
	    {"settings", study_settings_named},
	    {"grids", study_settings_grids},
	    {"fit", read_fit},
	    {"baseline", read_text}};
enum { KEYS = sizeof keys / sizeof *keys };

static int check_keys(const struct yaml_value *root, const char *path, struct error *e)
{
	const char *names[KEYS];
	for (int k = 0; k < KEYS; k++)
		names[k] = keys[k].name;
	for (const struct yaml_value *v = root->first; v; v = v->next) {
		bool is_known = false;
		for (int k = 0; k < KEYS; k++)
			is_known |= !strcmp(v->key, names[k]);
		const char *nearest = is_known ? NULL : nearest_name(v->key, names, KEYS);
		if (!is_known)
			return error_set(e, path, v->line, "unknown key '%.80s'%s%s%s", v->key,
					 nearest ? "; did you mean '" : "", nearest ? nearest : "",
					 nearest ? "'?" : "");
	}
	return 0;
}

/* What SET gives holds in every cell, so nothing of it may be what cells differ in. */
static int check_overrides(struct study_reading *r, const char *overrides)
{
	char *text = die_strdup(overrides), *cursor = text, *name, *value;
	bool is_quoted;
	int status = 0;
	while (status == 0 && params_next_assignment(&cursor, &name, &value, &is_quoted, r->e) > 0) {
		json_t *setting;
		size_t i;
		char *why = study_settings_refusal(name);
		if (why)
			status = error_set(r->e, "SET", 0, "%s", why);
		json_array_foreach (json_object_get(r->study, "settings"), i, setting)
			if (status == 0 && json_object_get(json_object_get(setting, "set"), name))
				status = error_set(r->e, "SET", 0,
						   "%s is what setting %s of %s sets; leave it out", name,
						   json_text(setting, "name"), r->path);
		free(why);
	}
	free(text);
	return status;
}

/* The batch that each asks for, which few records may lower. */
static void add_batches(struct study_reading *r)
{
	const struct section *pretrain = sections_find(r->all, "pretrain");
	json_t *setting, *own;
	size_t i;
	json_array_foreach (json_object_get(r->study, "settings"), i, setting) {
		own = json_object_get(json_object_get(setting, "set"), "pretrain.batch");
		json_object_set(setting, "batch", own ? own : json_object_get(pretrain->values, "batch"));
	}
}

static int read_all(struct study_reading *r, const struct yaml_value *root, const char *overrides)
{
	if (check_keys(root, r->path, r->e) < 0)
		return -1;
	for (int k = 0; k < KEYS; k++)
		for (const struct yaml_value *v = root->first; v; v = v->next)
			if (!strcmp(v->key, keys[k].name) && keys[k].read(r, v) < 0)
				return -1;

	const json_t *settings = json_object_get(r->study, "settings");
	const char *baseline = json_text(r->study, "baseline");
	if (!json_array_size(settings))
		return error_set(r->e, r->path, 0, "no settings: give 'settings' or 'grids'");
	if (!*baseline)
		json_object_set(r->study, "baseline", json_object_get(json_array_get(settings, 0), "name"));
	else if (!json_object_get(r->names, baseline))
		return error_set(r->e, r->path, 0, "baseline: no setting is called '%.80s'", baseline);
	if (check_overrides(r, overrides) < 0 || study_settings_compare(r) < 0)
		return -1;
	add_batches(r);
	return 0;
}

json_t *study_read(const struct sections *all, const char *path, const char *overrides, struct error *e)
{
	struct yaml *y = yaml_open(path, e);
	if (!y)
		return NULL;
	struct study_reading r = {all, path,
				  json_pack("{s:s, s:[i,i,i], s:[i,i,i,i,i,i,i,i,i], s:[], s:[]}", "question",
					    "", "seeds", 1, 2, 3, "folds", 1, 2, 3, 4, 5, 6, 7, 8, 9,
					    "settings", "fit"),
				  json_object(), e};
	int status = read_all(&r, yaml_root(y), overrides);
	json_object_del(r.study, "params"); /* which pipeline.mk reads */
	json_decref(r.names);
	yaml_close(y);
	if (status < 0)
		json_decref(r.study);
	return status < 0 ? NULL : r.study;
}
