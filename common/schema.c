#include "common/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "common/nearest.h"
#include "common/scalar.h"

static const char *const type_names[] = {
	[PARAM_INT] = "int",	   [PARAM_FLOAT] = "float", [PARAM_BOOL] = "bool", [PARAM_TEXT] = "text",
	[PARAM_CHOICE] = "choice", [PARAM_LIST] = "list",   [PARAM_PATH] = "path"};
static const int n_types = sizeof type_names / sizeof *type_names;

static bool has_limits(const struct param *p)
{
	return p->min != 0 || p->max != 0;
}

/* "an integer from 1 to 1000 Hz": what the parameter takes, for messages. */
static void expectation(char *out, size_t size, const struct param *p)
{
	static const char *const nouns[] = {[PARAM_INT] = "an integer",
					    [PARAM_FLOAT] = "a number",
					    [PARAM_BOOL] = "true or false",
					    [PARAM_TEXT] = "a text",
					    [PARAM_CHOICE] = "one of",
					    [PARAM_LIST] = "a list like [a, b]",
					    [PARAM_PATH] = "a file, folder or URL"};
	const char *unit = p->unit ? p->unit : "", *space = p->unit ? " " : "";

	if (p->choices)
		snprintf(out, size, "%s%s: %s", nouns[p->type], p->type == PARAM_LIST ? " of" : "",
			 p->choices + strspn(p->choices, " "));
	else if ((p->type == PARAM_INT || p->type == PARAM_FLOAT) && has_limits(p)) {
		char min[32], max[32];
		json_number_text(min, p->min);
		json_number_text(max, p->max);
		snprintf(out, size, "%s from %s to %s%s%s", nouns[p->type], min, max, space, unit);
	} else
		snprintf(out, size, "%s%s%s%s", nouns[p->type], p->unit ? " (" : "", unit,
			 p->unit ? ")" : "");
}

/* found: how to name what stands there instead, such as "a list". */
static int refuse_kind(const struct param *p, const struct place *at, struct error *e, const char *found)
{
	char expected[512];
	expectation(expected, sizeof expected, p);
	return error_set(e, at->file, at->line, "%s%s%s: expected %s, got %s", at->section ? at->section : "",
			 at->section ? "." : "", p->name, expected, found);
}

static int refuse(const struct param *p, const struct place *at, struct error *e, const char *text)
{
	char found[96];
	snprintf(found, sizeof found, "'%.80s'", text);
	return refuse_kind(p, at, e, found);
}

static bool is_choice(const struct param *p, const char *text)
{
	size_t n = strlen(text);
	for (const char *s = p->choices; n && (s = strstr(s, text)); s++)
		if ((s == p->choices || s[-1] == ' ') && (s[n] == ' ' || !s[n]) && !strchr(text, ' '))
			return true;
	return false;
}

json_t *schema_value(const struct param *p, const char *text, bool is_quoted, const struct place *at,
		     struct error *e)
{
	json_t *value = scalar_value(p->type, text, is_quoted);
	if (!value) {
		refuse(p, at, e, text);
		return NULL;
	}
	if (schema_check(p, value, at, e) < 0) {
		json_decref(value);
		return NULL;
	}
	return value;
}

static int check_number(const struct param *p, const json_t *value, const struct place *at, struct error *e)
{
	double x = json_number_value(value);
	if (has_limits(p) && !(x >= p->min && x <= p->max)) {
		char got[32];
		json_number_text(got, x);
		return refuse(p, at, e, got);
	}
	return 0;
}

/* The choice most like text, or NULL; yours to free. */
static char *nearest_choice(const struct param *p, const char *text)
{
	const char *names[64];
	size_t n = 0;
	char *all = die_strdup(p->choices), *rest = NULL;
	for (char *s = strtok_r(all, " ", &rest); s && n < 64; s = strtok_r(NULL, " ", &rest))
		names[n++] = s;
	const char *nearest = nearest_name(text, names, n);
	char *found = nearest ? die_strdup(nearest) : NULL;
	free(all);
	return found;
}

static int check_choice(const struct param *p, const char *text, const struct place *at, struct error *e)
{
	char found[192];
	if (is_choice(p, text))
		return 0;
	char *nearest = strspn(text, "0123456789.-") == strlen(text) ? NULL : nearest_choice(p, text);
	snprintf(found, sizeof found, "'%.80s'%s%s%s", text, nearest ? "; did you mean '" : "",
		 nearest ? nearest : "", nearest ? "'?" : "");
	free(nearest);
	return refuse_kind(p, at, e, found);
}

int schema_check_item(const struct param *p, const char *text, const struct place *at, struct error *e)
{
	return p->choices ? check_choice(p, text, at, e) : 0;
}

int schema_check(const struct param *p, const json_t *value, const struct place *at, struct error *e)
{
	static const char *const kinds[] = {
		[JSON_OBJECT] = "a section",   [JSON_ARRAY] = "a list",	 [JSON_STRING] = "a text",
		[JSON_INTEGER] = "an integer", [JSON_REAL] = "a number", [JSON_TRUE] = "true",
		[JSON_FALSE] = "false",	       [JSON_NULL] = "null"};
	const char *found = kinds[json_typeof(value)];
	const json_t *item;
	size_t i;

	switch (p->type) {
	case PARAM_INT:
		return json_is_integer(value) ? check_number(p, value, at, e) : refuse_kind(p, at, e, found);
	case PARAM_FLOAT:
		return json_is_number(value) ? check_number(p, value, at, e) : refuse_kind(p, at, e, found);
	case PARAM_BOOL:
		return json_is_boolean(value) ? 0 : refuse_kind(p, at, e, found);
	case PARAM_TEXT:
	case PARAM_PATH:
		return json_is_string(value) ? 0 : refuse_kind(p, at, e, found);
	case PARAM_CHOICE:
		return json_is_string(value) ? check_choice(p, json_string_value(value), at, e)
					     : refuse_kind(p, at, e, found);
	case PARAM_LIST:
		if (!json_is_array(value))
			return refuse_kind(p, at, e, found);
		json_array_foreach ((json_t *)value, i, item) {
			if (!json_is_string(item))
				return refuse(p, at, e, kinds[json_typeof(item)]);
			if (schema_check_item(p, json_string_value(item), at, e) < 0)
				return -1;
		}
		return 0;
	case PARAM_END:
		break;
	}

	BUG("a parameter without a type");
}

const struct param *schema_find(const struct param *table, const char *name)
{
	for (; table->type != PARAM_END; table++)
		if (!strcmp(table->name, name))
			return table;
	return NULL;
}

const struct param *schema_find_own(const struct param *table, const char *name)
{
	const struct param *p = schema_find(table, name);
	return p && !p->section ? p : NULL;
}

/* A default may stand in quotes ('' is the empty text), as in YAML. */
static json_t *default_value(const struct param *p, const struct place *at, struct error *e)
{
	size_t n = strlen(p->otherwise);
	if (n < 2 || (p->otherwise[0] != '\'' && p->otherwise[0] != '"') ||
	    p->otherwise[n - 1] != p->otherwise[0])
		return schema_value(p, p->otherwise, !*p->otherwise && p->type != PARAM_LIST, at, e);
	char *inner = die_strdup(p->otherwise + 1);
	inner[n - 2] = '\0';
	json_t *value = schema_value(p, inner, true, at, e);
	free(inner);
	return value;
}

int schema_fill(const struct param *table, json_t *section, const struct place *at, struct error *e)
{
	for (const struct param *p = table; p->type != PARAM_END; p++) {
		if (json_object_get(section, p->name))
			continue;
		const char *name = at->section ? at->section : "";
		if (!p->otherwise)
			return error_set(e, at->file, at->line, "%s%s%s must be given: %s", name,
					 at->section ? "." : "", p->name,
					 p->help ? p->help : "it has no default");
		struct place origin = {"default", 0, at->section};
		json_t *value = default_value(p, &origin, e);
		if (!value)
			return -1;
		json_object_set_new(section, p->name, value);
	}

	return 0;
}

char *schema_help(const struct param *table, const char *section)
{
	char *text = NULL;
	size_t n;

	FILE *out = open_memstream(&text, &n);
	if (!out)
		die("out of memory");
	fprintf(out, "parameters (section %s of a params file):\n", section);

	for (const struct param *p = table; p->type != PARAM_END; p++) {
		char expected[512];
		expectation(expected, sizeof expected, p);
		fprintf(out, "  %-22s %s%s%s\n  %-22s   %s; %s%s\n", p->name, p->help ? p->help : "",
			p->section ? "; given in section " : "", p->section ? p->section : "", "", expected,
			p->otherwise ? "default " : "must be given",
			!p->otherwise	? ""
			: *p->otherwise ? p->otherwise
					: "''");
	}

	fclose(out);
	return text;
}

static json_t *split_choices(const char *choices)
{
	json_t *list = json_array();
	for (const char *s = choices + strspn(choices, " "); *s; s += strspn(s, " ")) {
		size_t n = strcspn(s, " ");
		json_array_append_new(list, json_stringn(s, n));
		s += n;
	}
	return list;
}

json_t *schema_describe(const struct param *table)
{
	json_t *description = json_array();
	for (const struct param *p = table; p->type != PARAM_END; p++) {
		json_t *o = json_object();
		json_object_set_new(o, "name", json_string(p->name));
		json_object_set_new(o, "type", json_string(type_names[p->type]));
		if (p->unit)
			json_object_set_new(o, "unit", json_string(p->unit));
		if (has_limits(p)) {
			json_object_set_new(o, "min", json_real(p->min));
			json_object_set_new(o, "max", json_real(p->max));
		}
		if (p->choices)
			json_object_set_new(o, "choices", split_choices(p->choices));
		if (p->otherwise)
			json_object_set_new(o, "default", json_string(p->otherwise));
		if (p->help)
			json_object_set_new(o, "help", json_string(p->help));
		if (p->inside)
			json_object_set_new(o, "inside", json_string(p->inside));
		json_object_set_new(o, "in_key", json_boolean(!p->not_in_key && p->type != PARAM_PATH));
		if (p->section)
			json_object_set_new(o, "section", json_string(p->section));
		json_array_append_new(description, o);
	}

	return description;
}

/* Choices joined by blanks; allocated, as struct param borrows everything else. */
static char *join_choices(const json_t *list)
{
	char *text = die_strdup("");
	const json_t *item;
	size_t i;
	json_array_foreach ((json_t *)list, i, item) {
		const char *s = json_string_value(item);
		char *longer = die_printf("%s%s%s", text, i ? " " : "", s ? s : "");
		free(text);
		text = longer;
	}
	return text;
}

static int read_entry(struct param *p, const json_t *o, const char *name, struct error *e)
{
	const char *type = json_string_value(json_object_get(o, "type"));
	p->name = json_string_value(json_object_get(o, "name"));
	if (!p->name || !type)
		return error_set(e, name, 0, "expected an array of {\"name\", \"type\", ...}; build again");

	for (int t = PARAM_INT; t < n_types; t++)
		if (!strcmp(type, type_names[t]))
			p->type = (enum param_type)t;
	const json_t *choices = json_object_get(o, "choices");
	if (p->type == PARAM_END || (p->type == PARAM_CHOICE && !json_is_array(choices)))
		return error_set(e, name, 0, "%s: unknown type '%s'; build again", p->name, type);
	p->unit = json_string_value(json_object_get(o, "unit"));
	p->min = json_number_value(json_object_get(o, "min"));
	p->max = json_number_value(json_object_get(o, "max"));
	p->otherwise = json_string_value(json_object_get(o, "default"));
	p->help = json_string_value(json_object_get(o, "help"));
	p->inside = json_string_value(json_object_get(o, "inside"));
	p->not_in_key = json_is_false(json_object_get(o, "in_key"));
	p->section = json_string_value(json_object_get(o, "section"));
	p->choices = choices ? join_choices(choices) : NULL;

	return 0;
}

struct param *schema_read(const json_t *description, const char *name, struct error *e)
{
	if (!json_is_array(description)) {
		error_set(e, name, 0, "expected an array of parameters; build again");
		return NULL;
	}
	size_t n = json_array_size(description);
	struct param *table = die_calloc(n + 1, sizeof *table);
	for (size_t i = 0; i < n; i++)
		if (read_entry(&table[i], json_array_get(description, i), name, e) < 0) {
			table[i].type = PARAM_END;
			schema_free(table);
			return NULL;
		}
	return table;
}

void schema_free(struct param *table)
{
	for (struct param *p = table; p && p->type != PARAM_END; p++)
		free((char *)p->choices);
	free(table);
}
