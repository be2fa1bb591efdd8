/* A params file and a SET text from anywhere: strict YAML, then each scalar against a parameter of every
 * type. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/nearest.h"
#include "common/params.h"
#include "common/schema.h"
#include "common/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static const struct param table[] = {
	{"i", PARAM_INT, .min = 1, .max = 1000, .unit = "Hz", .otherwise = "20"},
	{"f", PARAM_FLOAT, .otherwise = "0.1"},
	{"b", PARAM_BOOL, .otherwise = "true"},
	{"t", PARAM_TEXT, .otherwise = ""},
	{"c", PARAM_CHOICE, .choices = "halves interleaved", .otherwise = "halves"},
	{"l", PARAM_LIST, .otherwise = "[I, II]"},
	{"p", PARAM_PATH, .otherwise = ""},
	{0}};
static const char *const names[] = {"i", "temperature", "epochs"};

static void try_scalar(const struct yaml_value *v, long line)
{
	struct place at = {"fuzz", line, "section"};
	for (const struct param *p = table; p->type != PARAM_END; p++) {
		struct error e = {0};
		json_t *value = schema_value(p, v->text, v->is_quoted, &at, &e);
		if (!value && !e.text[0])
			abort(); /* refused without a reason */
		if (value && schema_check(p, value, &at, &e) < 0)
			abort(); /* accepted, yet unsound */
		json_decref(value);
	}
}

static void walk(const struct yaml_value *v)
{
	if (v->key)
		nearest_name(v->key, names, sizeof names / sizeof *names);
	if (v->kind == YAML_SCALAR)
		try_scalar(v, v->line);
	for (const struct yaml_value *member = v->first; member; member = member->next)
		walk(member);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct error e = {0};
	struct yaml *y = yaml_parse((const char *)bytes, n_bytes, "fuzz.yaml", &e);

	if (!y && !e.text[0])
		abort();
	if (y)
		walk(yaml_root(y));
	yaml_close(y);

	char *text = malloc(n_bytes + 1);
	if (!text)
		abort();
	memcpy(text, bytes, n_bytes);
	text[n_bytes] = '\0';

	struct error refused = {0};
	struct params *p = params_from_text(text, table, &refused);
	if (!p && !refused.text[0])
		abort();
	params_close(p);
	free(text);

	return 0;
}
