#include "common/params.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "common/schema.h"

static const size_t MAX_SLICE_BYTES = 1 << 20;

struct params {
	const struct param *table;
	json_t *section;
	const char ***lists; /* per entry of the table: texts of a PARAM_LIST, borrowed from section */
};

static const char **list_texts(const json_t *list)
{
	size_t n = json_array_size(list);
	const char **texts = die_calloc(n + 1, sizeof *texts);
	for (size_t i = 0; i < n; i++)
		texts[i] = json_string_value(json_array_get(list, i));
	return texts;
}

/* Takes the reference to a complete, checked section. */
static struct params *params_new(const struct param *table, json_t *section)
{
	size_t n = 0;
	while (table[n].type != PARAM_END)
		n++;
	struct params *p = die_calloc(1, sizeof *p);
	*p = (struct params){table, section, die_calloc(n + 1, sizeof *p->lists)};
	for (size_t i = 0; i < n; i++)
		if (table[i].type == PARAM_LIST)
			p->lists[i] = list_texts(json_object_get(section, table[i].name));
	return p;
}

/* Every member declared and sound, every declared member present. */
static int check_section(const struct param *table, const json_t *section, const char *path, struct error *e)
{
	if (!json_is_object(section))
		return error_set(e, path, 0, "expected a JSON object; run make again");
	const char *name;
	const json_t *value;
	struct place at = {path, 0, NULL};

	json_object_foreach ((json_t *)section, name, value) {
		const struct param *p = schema_find(table, name);
		if (!p)
			return error_set(e, path, 0, "parameter '%s' is not declared; run make again", name);
		if (schema_check(p, value, &at, e) < 0)
			return -1;
	}

	for (const struct param *p = table; p->type != PARAM_END; p++)
		if (!json_object_get(section, p->name))
			return error_set(e, path, 0, "parameter '%s' is missing; run make again", p->name);
	return 0;
}

struct params *params_open(const char *path, const struct param *table, struct error *e)
{
	char *text;
	size_t n;
	if (file_read(&text, &n, path, MAX_SLICE_BYTES, e) < 0)
		return NULL;
	json_t *section = json_read(text, n, path, e);
	free(text);
	if (!section)
		return NULL;
	if (check_section(table, section, path, e) < 0) {
		json_decref(section);
		return NULL;
	}
	return params_new(table, section);
}

int params_next_assignment(char **cursor, char **name, char **value, bool *is_quoted, struct error *e)
{
	char *s = *cursor + strspn(*cursor, " \t\n");
	if (!*s)
		return 0;
	size_t n = strcspn(s, "= \t\n");
	if (!n || s[n] != '=')
		return error_set(
			e, NULL, 0,
			"expected name=value, got '%.80s'; no blanks around =, and a value with blanks "
			"stands in quotes: name='a b'",
			s);
	*name = s;
	s[n] = '\0';
	s += n + 1;
	*is_quoted = *s == '\'' || *s == '"';

	if (*is_quoted) {
		char *end = strchr(s + 1, *s);
		if (!end || (end[1] && !strchr(" \t\n", end[1])))
			return error_set(e, NULL, 0, "%s: the quote %c is not closed", *name, *s);
		*value = s + 1;
		*cursor = end + (end[1] ? 2 : 1);
		*end = '\0';
		return 1;
	}

	*value = s;
	s += *s == '[' ? strcspn(s, "]") : 0; /* blanks may stand inside [a, b] */
	s += strcspn(s, " \t\n");
	*cursor = s + (*s != '\0');
	*s = '\0';

	return 1;
}

static int assign_all(char *text, const struct param *table, json_t *section, struct error *e)
{
	char *cursor = text, *name, *value;
	bool is_quoted;
	int more;
	while ((more = params_next_assignment(&cursor, &name, &value, &is_quoted, e)) > 0) {
		const struct param *p = schema_find(table, name);
		if (!p)
			return error_set(e, NULL, 0, "unknown parameter '%s'", name);
		struct place at = {NULL, 0, NULL};
		json_t *v = schema_value(p, value, is_quoted, &at, e);
		if (!v)
			return -1;
		json_object_set_new(section, name, v);
	}
	return more;
}

struct params *params_from_text(const char *assignments, const struct param *table, struct error *e)
{
	json_t *section = json_object();
	char *text = die_strdup(assignments ? assignments : "");
	struct place at = {NULL, 0, NULL};
	bool is_good = assign_all(text, table, section, e) == 0 && schema_fill(table, section, &at, e) == 0;
	free(text);
	if (is_good)
		return params_new(table, section);
	json_decref(section);
	return NULL;
}

void params_close(struct params *p)
{
	if (!p)
		return;
	for (size_t i = 0; p->table[i].type != PARAM_END; i++)
		free(p->lists[i]);
	free(p->lists);
	json_decref(p->section);
	free(p);
}

/* A wrong name or type is an error of the caller, never of the user. */
static const struct param *declared(const struct params *p, const char *name,
				    bool is_right_type(enum param_type))
{
	const struct param *entry = schema_find(p->table, name);
	if (!entry || !is_right_type(entry->type))
		BUG(name);
	return entry;
}

static bool is_int(enum param_type t)
{
	return t == PARAM_INT;
}

static bool is_float(enum param_type t)
{
	return t == PARAM_FLOAT;
}

static bool is_bool(enum param_type t)
{
	return t == PARAM_BOOL;
}

static bool is_text(enum param_type t)
{
	return t == PARAM_TEXT || t == PARAM_CHOICE || t == PARAM_PATH;
}

static bool is_list(enum param_type t)
{
	return t == PARAM_LIST;
}

int64_t params_int(const struct params *p, const char *name)
{
	return json_integer_value(json_object_get(p->section, declared(p, name, is_int)->name));
}

double params_float(const struct params *p, const char *name)
{
	return json_number_value(json_object_get(p->section, declared(p, name, is_float)->name));
}

bool params_bool(const struct params *p, const char *name)
{
	return json_is_true(json_object_get(p->section, declared(p, name, is_bool)->name));
}

const char *params_text(const struct params *p, const char *name)
{
	return json_string_value(json_object_get(p->section, declared(p, name, is_text)->name));
}

size_t params_list(const struct params *p, const char *name, const char *const **items)
{
	const struct param *entry = declared(p, name, is_list);
	*items = p->lists[entry - p->table];
	return json_array_size(json_object_get(p->section, name));
}

json_t *params_key(const struct params *p)
{
	json_t *key = json_copy(p->section);
	for (const struct param *entry = p->table; entry->type != PARAM_END; entry++)
		if (entry->type == PARAM_PATH || entry->not_in_key)
			json_object_del(key, entry->name);
	return key;
}

const json_t *params_json(const struct params *p)
{
	return p->section;
}

json_t *params_describe(const struct param *table)
{
	return schema_describe(table);
}
