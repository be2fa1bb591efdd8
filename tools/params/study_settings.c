#include "tools/params/study_settings.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"

enum { MOST_SETTINGS = 500, MOST_AXES = 8 };

/* What a study turns itself, and where it is said instead. */
static const char *const own[][2] = {{"preprocess.test_fold", "folds"}, {"preprocess.sealed_fold", "folds"},
				     {"pretrain.seed", "seeds"},	{"probe.evaluation", "folds"},
				     {"embed.attention_records", NULL}, {"probe.bootstrap", NULL}};

/* Why a parameter cannot be set in a study; NULL: it can. */
char *study_settings_refusal(const char *name)
{
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (!strcmp(own[i][0], name))
			return own[i][1] ? die_printf("%s is set by the study itself; say it in %s", name,
						      own[i][1])
					 : die_printf("%s is set by the study itself; leave it out", name);
	return NULL;
}

/* ---- settings ---- */

/* A name is a folder's, and a word to Make. */
static const char name_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+";

static bool is_name(const char *s)
{
	return *s && *s != '.' && *s != '-' && !s[strspn(s, name_letters)];
}

static int add_setting(struct study_reading *r, const char *name, const char *label, json_t *set, int grid,
		       long line)
{
	json_t *settings = json_object_get(r->study, "settings");
	int status = 0;
	if (json_object_get(r->names, name))
		status = error_set(r->e, r->path, line,
				   "two settings are called %s; name one of them in 'settings'", name);
	else if (json_array_size(settings) >= MOST_SETTINGS)
		status = error_set(r->e, r->path, line, "more than %d settings", MOST_SETTINGS);
	else
		json_array_append_new(settings, json_pack("{s:s, s:s, s:O, s:i}", "name", name, "label",
							  label, "set", set, "grid", grid));
	json_object_set_new(r->names, name, json_integer(line));
	json_decref(set);
	return status;
}

static int set_one(struct study_reading *r, json_t *set, const struct yaml_value *section,
		   const struct yaml_value *key)
{
	char *name = die_printf("%s.%s", section->key, key->key), *why = study_settings_refusal(name);
	json_t *value = why ? NULL : sections_value(r->all, section, key->key, key, r->path, r->e);
	int status = value ? 0 : -1;
	if (why)
		error_set(r->e, r->path, key->line, "%s", why);
	if (value)
		json_object_set_new(set, name, value);
	free(why);
	free(name);
	return status;
}

bool study_settings_is_empty(const struct yaml_value *v)
{
	return v->kind == YAML_SCALAR && !*v->text && !v->is_quoted;
}

static int read_set(struct study_reading *r, json_t *set, const struct yaml_value *setting)
{
	if (setting->kind != YAML_MAP && !study_settings_is_empty(setting))
		return error_set(r->e, r->path, setting->line,
				 "expected sections with 'name: value' under '%s:'", setting->key);
	for (const struct yaml_value *s = setting->first; s; s = s->next) {
		if (s->kind != YAML_MAP)
			return error_set(r->e, r->path, s->line, "expected 'name: value' lines under '%s:'",
					 s->key);
		for (const struct yaml_value *v = s->first; v; v = v->next)
			if (set_one(r, set, s, v) < 0)
				return -1;
	}
	return 0;
}

int study_settings_named(struct study_reading *r, const struct yaml_value *v)
{
	if (v->kind != YAML_MAP)
		return error_set(r->e, r->path, v->line,
				 "settings: expected 'NAME:' lines, each with the sections it sets");
	for (const struct yaml_value *s = v->first; s; s = s->next) {
		json_t *set = json_object();
		if (!is_name(s->key)) {
			json_decref(set);
			return error_set(r->e, r->path, s->line,
					 "a setting's name has letters, digits, . _ + and -, got '%.80s'",
					 s->key);
		}
		if (read_set(r, set, s) < 0) {
			json_decref(set);
			return -1;
		}
		if (add_setting(r, s->key, s->key, set, 0, s->line) < 0)
			return -1;
	}
	return 0;
}

/* ---- grids ---- */

struct axis {
	const struct yaml_value *section, *key;
	json_t *values;
};

/* As it is written; of a list its texts with + between, of an empty one "none". Yours to free. */
static char *value_text(const json_t *value)
{
	size_t i;
	const json_t *item;
	char *out = die_strdup("");
	if (json_is_string(value) || !json_is_array(value)) {
		free(out);
		return json_is_string(value) ? die_strdup(json_string_value(value))
					     : json_canonical(value, NULL);
	}
	json_array_foreach (value, i, item) {
		char *longer = die_printf("%s%s%s", out, i ? "+" : "", json_string_value(item));
		free(out);
		out = longer;
	}
	if (*out)
		return out;
	free(out);
	return die_strdup("none");
}

/* "batch-64", or for people "batch 64". */
static char *point_name(const char *before, const char *key, const json_t *value, bool is_label)
{
	char *text = value_text(value);
	for (char *c = text; *c && !is_label; c++)
		*c = strchr(name_letters, *c) ? *c : '-';
	char *out = die_printf("%s%s%s%s%s", before,
			       !*before	  ? ""
			       : is_label ? ", "
					  : "_",
			       key, is_label ? " " : "-", text);
	free(text);
	return out;
}

/* All points with the first k axes as in set. */
static int add_points(struct study_reading *r, const struct axis *axis, int n_axes, int k, const json_t *set,
		      const char *name, const char *label, int grid)
{
	size_t i;
	json_t *value;
	if (k == n_axes)
		return add_setting(r, name, label, json_copy((json_t *)set), grid, axis[0].key->line);
	json_array_foreach (axis[k].values, i, value) {
		char *own_name = point_name(name, axis[k].key->key, value, false),
		     *own_label = point_name(label, axis[k].key->key, value, true),
		     *param = die_printf("%s.%s", axis[k].section->key, axis[k].key->key);
		json_t *more = json_copy((json_t *)set);
		json_object_set(more, param, value);
		int status = add_points(r, axis, n_axes, k + 1, more, own_name, own_label, grid);
		json_decref(more);
		free(param);
		free(own_name);
		free(own_label);
		if (status < 0)
			return -1;
	}
	return 0;
}

static int read_axis(struct study_reading *r, struct axis *a)
{
	char *name = die_printf("%s.%s", a->section->key, a->key->key), *why = study_settings_refusal(name);
	int status = why ? error_set(r->e, r->path, a->key->line, "%s", why) : 0;
	free(name);
	free(why);
	a->values = json_array();
	if (status == 0 && (a->key->kind != YAML_LIST || !a->key->first))
		status = error_set(r->e, r->path, a->key->line,
				   "%s.%s: expected the list of values to try, like [64, 128]",
				   a->section->key, a->key->key);
	for (const struct yaml_value *v = a->key->first; v && status == 0; v = v->next) {
		json_t *value = sections_value(r->all, a->section, a->key->key, v, r->path, r->e);
		if (!value || !json_append_once(a->values, value))
			status = value ? error_set(r->e, r->path, v->line, "%s.%s: a value is there twice",
						   a->section->key, a->key->key)
				       : -1;
		json_decref(value);
	}
	return status;
}

static int read_grid(struct study_reading *r, const struct yaml_value *grid, int number)
{
	struct axis axis[MOST_AXES] = {0};
	int n = 0, status = 0;
	if (grid->kind != YAML_MAP)
		return error_set(r->e, r->path, grid->line,
				 "grids: expected sections, each with names and lists of values");
	for (const struct yaml_value *s = grid->first; s && status == 0; s = s->next) {
		if (s->kind != YAML_MAP)
			status = error_set(r->e, r->path, s->line,
					   "expected 'name: [values]' lines under '%s:'", s->key);
		for (const struct yaml_value *v = s->first; v && status == 0; v = v->next) {
			if (n == MOST_AXES) {
				status = error_set(r->e, r->path, v->line, "more than %d axes in a grid",
						   MOST_AXES);
				break;
			}
			axis[n] = (struct axis){s, v, NULL};
			status = read_axis(r, &axis[n++]);
		}
	}
	json_t *nothing = json_object();
	if (status == 0 && n)
		status = add_points(r, axis, n, 0, nothing, "", "", number);
	json_decref(nothing);
	for (int k = 0; k < n; k++)
		json_decref(axis[k].values);
	return status;
}

int study_settings_grids(struct study_reading *r, const struct yaml_value *v)
{
	int number = 0;
	if (v->kind != YAML_LIST)
		return error_set(r->e, r->path, v->line,
				 "grids: expected a list, '- section: {name: [values]}'");
	for (const struct yaml_value *g = v->first; g; g = g->next)
		if (read_grid(r, g, ++number) < 0)
			return -1;
	return 0;
}

/* ---- what is the same ---- */

/* The value that a parameter has where no setting sets it. */
static const json_t *value_without(const struct sections *all, const char *name)
{
	const char *dot = strchr(name, '.');
	char *section = die_printf("%.*s", (int)(dot - name), name);
	const json_t *value = json_object_get(sections_find(all, section)->values, dot + 1);
	free(section);
	return value;
}

/* As text, in which 1 and 1.0 are the same. */
static bool is_same(const json_t *a, const json_t *b)
{
	char *x = json_canonical(a, NULL), *y = json_canonical(b, NULL);
	bool is = !strcmp(x, y);
	free(x);
	free(y);
	return is;
}

/* What of a setting differs from PARAMS and SET without it, as text. Yours to free. */
static char *effect_of(const struct sections *all, const json_t *setting)
{
	json_t *effect = json_object(), *value;
	const char *name;
	json_object_foreach (json_object_get(setting, "set"), name, value)
		if (!is_same(value, value_without(all, name)))
			json_object_set(effect, name, value);
	char *text = json_canonical(effect, NULL);
	json_decref(effect);
	return text;
}

static int refuse_same(struct study_reading *r, const json_t *setting, const char *first, const char *effect)
{
	const char *name = json_text(setting, "name");
	long line = (long)json_integer_value(json_object_get(r->names, name));
	if (!strcmp(effect, "{}"))
		return error_set(r->e, r->path, line,
				 "%s and %s are the same: both are PARAMS and SET as they are; leave one out",
				 first, name);
	return error_set(
		r->e, r->path, line,
		"%s and %s are the same: both come to %.200s on top of PARAMS and SET; leave one out", first,
		name, effect);
}

int study_settings_compare(struct study_reading *r)
{
	json_t *first_of = json_object(), *setting; /* effect -> name */
	size_t i;
	int status = 0;
	json_array_foreach (json_object_get(r->study, "settings"), i, setting) {
		char *effect = effect_of(r->all, setting);
		const json_t *first = json_object_get(first_of, effect);
		if (first && json_integer_value(json_object_get(setting, "grid")) > 0)
			json_object_set(setting, "same", (json_t *)first);
		else if (first)
			status = refuse_same(r, setting, json_string_value(first), effect);
		else
			json_object_set(first_of, effect, json_object_get(setting, "name"));
		free(effect);
		if (status < 0)
			break;
	}
	json_decref(first_of);
	return status;
}
