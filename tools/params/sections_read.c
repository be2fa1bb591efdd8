/* Reading: the schemas, the files, what is set over them. */
#include "tools/params/sections.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "common/nearest.h"
#include "common/params.h"
#include "common/yaml.h"

struct section *sections_find(const struct sections *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++)
		if (!strcmp(all->first[i].name, name))
			return &all->first[i];
	return NULL;
}

static int load_schema(struct section *s, const char *folder, struct error *e)
{
	char *path = die_printf("%s/%s.json", folder, s->name), *text = NULL;
	size_t n;
	int status = file_read(&text, &n, path, 1 << 20, e);
	if (status == 0 && (s->description = json_read(text, n, path, e)))
		s->table = schema_read(s->description, path, e);
	s->values = json_object();
	free(text);
	free(path);
	return s->table ? 0 : -1;
}

/* "unknown key 'temprature'; did you mean 'temperature'?" */
static int refuse_name(const struct place *at, const char *what, const char *name, const char *nearest,
		       struct error *e)
{
	if (nearest)
		return error_set(e, at->file, at->line, "unknown %s '%.80s'; did you mean '%s'?", what, name,
				 nearest);
	return error_set(e, at->file, at->line, "unknown %s '%.80s'", what, name);
}

static int refuse_section(const struct sections *all, const char *name, const struct place *at,
			  struct error *e)
{
	const char **names = die_calloc(all->n + 1, sizeof *names);
	for (size_t i = 0; i < all->n; i++)
		names[i] = all->first[i].name;
	names[all->n] = "extends";
	int status = refuse_name(at, "section", name, nearest_name(name, names, all->n + 1), e);
	free(names);
	return status;
}

static int refuse_key(const struct sections *all, const struct section *s, const char *key,
		      const struct place *at, struct error *e)
{
	size_t n_table = 0, n = 0;
	while (s->table[n_table].type != PARAM_END)
		n_table++;
	const char **names = die_calloc(n_table + 1, sizeof *names);
	for (size_t i = 0; i < n_table; i++)
		if (!s->table[i].section)
			names[n++] = s->table[i].name;
	const char *nearest = nearest_name(key, names, n);
	free(names);
	for (size_t i = 0; !nearest && i < all->n; i++)
		if (schema_find_own(all->first[i].table, key))
			return error_set(e, at->file, at->line,
					 "unknown key '%.80s' in '%s'; it belongs to '%s'", key, s->name,
					 all->first[i].name);
	return refuse_name(at, "key", key, nearest, e);
}

static json_t *list_value(const struct param *p, const struct yaml_value *v, const struct place *at,
			  struct error *e)
{
	json_t *list = json_array();
	for (const struct yaml_value *item = v->first; item; item = item->next) {
		struct place here = {at->file, item->line, at->section};
		if (item->kind != YAML_SCALAR || (!*item->text && !item->is_quoted)) {
			error_set(e, here.file, here.line, "%s.%s: expected a text in each place of the list",
				  here.section, p->name);
			json_decref(list);
			return NULL;
		}
		if (p->type == PARAM_LIST && schema_check_item(p, item->text, &here, e) < 0) {
			json_decref(list);
			return NULL;
		}
		json_array_append_new(list, json_string(item->text));
	}
	return list;
}

/* The checked value of one key, or NULL with e filled. */
static json_t *read_value(const struct param *p, const struct yaml_value *v, const struct place *at,
			  struct error *e)
{
	if (v->kind == YAML_SCALAR)
		return schema_value(p, v->text, v->is_quoted, at, e);
	json_t *value = v->kind == YAML_LIST ? list_value(p, v, at, e) : json_object();
	if (value && schema_check(p, value, at, e) < 0) {
		json_decref(value);
		return NULL;
	}
	return value;
}

json_t *sections_value(const struct sections *all, const struct yaml_value *in, const char *key,
		       const struct yaml_value *v, const char *path, struct error *e)
{
	struct place at = {path, v->line, in->key}, section = {path, in->line, NULL};
	const struct section *s = sections_find(all, in->key);
	const struct param *p = s ? schema_find_own(s->table, key) : NULL;
	if (!s)
		refuse_section(all, in->key, &section, e);
	else if (!p)
		refuse_key(all, s, key, &at, e);
	return p ? read_value(p, v, &at, e) : NULL;
}

static int apply_section(const struct sections *all, struct section *s, const struct yaml_value *map,
			 const char *path, struct error *e)
{
	bool is_empty = map->kind == YAML_SCALAR && !*map->text &&
			!map->is_quoted; /* "probe:" with nothing under it */

	if (map->kind != YAML_MAP && !is_empty)
		return error_set(e, path, map->line, "expected indented 'name: value' lines under '%s:'",
				 s->name);

	for (const struct yaml_value *v = map->first; v; v = v->next) {
		struct place at = {path, v->line, s->name};
		const struct param *p = schema_find_own(s->table, v->key);
		if (!p)
			return refuse_key(all, s, v->key, &at, e);
		json_t *value = read_value(p, v, &at, e);
		if (!value)
			return -1;
		json_object_set_new(s->values, p->name, value);
	}

	return 0;
}

/* Set every section's values that the file gives. Its "extends" is checked to be a text and returned
 * (borrowed). */
static int apply_file(const struct sections *all, const struct yaml *y, const char *path, struct error *e)
{
	for (const struct yaml_value *v = yaml_root(y)->first; v; v = v->next) {
		struct place at = {path, v->line, NULL};
		if (!strcmp(v->key, "extends"))
			continue;
		struct section *s = sections_find(all, v->key);
		if (!s)
			return refuse_section(all, v->key, &at, e);
		if (apply_section(all, s, v, path, e) < 0)
			return -1;
	}
	return 0;
}

static const struct yaml_value *extends_of(const struct yaml *y)
{
	for (const struct yaml_value *v = yaml_root(y)->first; v; v = v->next)
		if (!strcmp(v->key, "extends"))
			return v;
	return NULL;
}

/* "base.yaml" as it stands in path, relative to path's folder. Yours to free. */
static char *beside(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	if (!slash || name[0] == '/')
		return die_strdup(name);
	return die_printf("%.*s/%s", (int)(slash - path), path, name);
}

static int apply_base(struct sections *all, const struct yaml_value *extends, const char *path,
		      struct error *e)
{
	if (extends->kind != YAML_SCALAR || !*extends->text)
		return error_set(e, path, extends->line, "extends: expected the name of a params file");
	const char *base_path = all->base = beside(path, extends->text);
	struct error cause = {0};
	struct yaml *base = yaml_open(base_path, &cause);
	int status = -1;

	if (!base && !file_exists(base_path))
		error_set(e, path, extends->line, "extends: no such file: %s", base_path);
	else if (!base)
		error_set(e, NULL, 0, "%s", error_text(&cause));
	else if (extends_of(base))
		error_set(e, base_path, extends_of(base)->line,
			  "a file that is extended (by %s) must not extend another; copy what you need",
			  path);
	else
		status = apply_file(all, base, base_path, e);

	yaml_close(base);
	return status;
}

static int read_params(struct sections *all, const char *path, struct error *e)
{
	struct yaml *y = yaml_open(path, e);
	if (!y)
		return -1;
	const struct yaml_value *extends = extends_of(y);
	int status = extends ? apply_base(all, extends, path, e) : 0;
	if (status == 0)
		status = apply_file(all, y, path, e);
	yaml_close(y);
	return status;
}

static void note_own(const struct sections *all, const struct yaml *y)
{
	for (const struct yaml_value *s = yaml_root(y)->first; s; s = s->next)
		for (const struct yaml_value *v = s->first; v; v = v->next)
			json_array_append_new(all->own, json_pack("[s, s]", s->key, v->key));
}

static int apply_over(const struct sections *all, const char *path, struct error *e)
{
	struct yaml *y = yaml_open(path, e);
	if (!y)
		return -1;
	const struct yaml_value *extends = extends_of(y);
	int status = extends ? error_set(e, path, extends->line,
					 "an arm goes on top of PARAMS and extends nothing; remove this line")
			     : apply_file(all, y, path, e);
	if (status == 0)
		note_own(all, y);
	yaml_close(y);
	return status;
}

/* One override: name is "section.key". */
static int assign(const struct sections *all, char *name, const char *value, bool is_quoted, struct error *e)
{
	struct place at = {"SET", 0, NULL};
	char *dot = strchr(name, '.');

	if (!dot)
		return error_set(e, at.file, 0, "expected section.name=value, got '%.80s=%.80s'", name,
				 value);
	*dot = '\0';

	struct section *s = sections_find(all, name);
	if (!s)
		return refuse_section(all, name, &at, e);
	at.section = name;

	const struct param *p = schema_find_own(s->table, dot + 1);
	if (!p)
		return refuse_key(all, s, dot + 1, &at, e);
	json_t *v = schema_value(p, value, is_quoted, &at, e);
	if (!v)
		return -1;
	json_object_set_new(s->values, p->name, v);

	return 0;
}

static int apply_overrides(const struct sections *all, const char *overrides, struct error *e)
{
	char *text = die_strdup(overrides), *cursor = text, *name, *value;
	bool is_quoted;
	struct error cause = {0};
	int more;
	while ((more = params_next_assignment(&cursor, &name, &value, &is_quoted, &cause)) > 0)
		if (assign(all, name, value, is_quoted, e) < 0) {
			free(text);
			return -1;
		}
	if (more < 0)
		error_set(e, "SET", 0, "%s", error_text(&cause));
	free(text);
	return more;
}

static int fill(const struct sections *all, const char *path, struct error *e)
{
	for (size_t i = 0; i < all->n; i++) {
		struct place at = {path, 0, all->first[i].name};
		if (schema_fill(all->first[i].table, all->first[i].values, &at, e) < 0)
			return -1;
	}
	return 0;
}

/* What a stage reads of another's section is what stands there. */
static int share(const struct sections *all, struct error *e)
{
	for (size_t i = 0; i < all->n; i++)
		for (const struct param *p = all->first[i].table; p->type != PARAM_END; p++) {
			const struct section *from = p->section ? sections_find(all, p->section) : NULL;
			if (!from)
				continue;
			struct place at = {NULL, 0, p->section};
			json_t *value = json_object_get(from->values, p->name);
			if (!schema_find_own(from->table, p->name))
				return error_set(e, NULL, 0,
						 "%s reads %s.%s, which there is not; build again",
						 all->first[i].name, p->section, p->name);
			if (schema_check(p, value, &at, e) < 0)
				return -1;
			json_object_set(all->first[i].values, p->name, value);
		}
	return 0;
}

int sections_read(struct sections *all, const char *schemas, const char *path, const char *overrides,
		  struct error *e)
{
	int status = 0;
	for (size_t i = 0; i < all->n && status == 0; i++)
		status = load_schema(&all->first[i], schemas, e);
	if (status == 0)
		status = read_params(all, path, e);
	if (status == 0 && all->over)
		status = apply_over(all, all->over, e);
	if (status == 0)
		status = apply_overrides(all, overrides, e);
	if (status == 0)
		status = fill(all, path, e);
	return status == 0 ? share(all, e) : status;
}

void sections_release(struct sections *all)
{
	for (size_t i = 0; i < all->n; i++) {
		schema_free(all->first[i].table);
		json_decref(all->first[i].description);
		json_decref(all->first[i].values);
	}
	free(all->first);
	free(all->base);
	json_decref(all->own);
}
