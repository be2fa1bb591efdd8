#include "ecg/statements.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"

struct statement {
	char *code, *subclass; /* subclass: "" if it has none */
	uint32_t class;	       /* its bit, or 0 */
	unsigned kinds;	       /* enum statements_kind, or-ed */
};

struct statements {
	size_t n;
	struct statement list[STATEMENTS_MAX]; /* ascending codes */
};

static int order(const void *a, const void *b)
{
	const struct statement *x = a, *y = b;
	return strcmp(x->code, y->code);
}

/* The bit of a class, or 0 if classes lacks it. */
static uint32_t class_bit(const json_t *classes, const char *class)
{
	for (size_t i = 0; i < json_array_size(classes); i++) {
		const char *name = json_string_value(json_array_get(classes, i));
		if (name && !strcmp(name, class))
			return UINT32_C(1) << i;
	}
	return 0;
}

static int read_kinds(struct statement *s, const char *code, const json_t *value, struct error *e)
{
	static const char *const members[] = {"diagnostic", "form", "rhythm"}; /* bits of the kinds */
	for (unsigned k = 0; k < sizeof members / sizeof *members; k++) {
		const json_t *x = json_object_get(value, members[k]);
		if (!json_is_boolean(x) && (x || !k))
			return error_set(e, "statements", 0, "%s: member '%s' must be true or false", code,
					 members[k]);
		s->kinds |= json_is_true(x) ? 1u << k : 0;
	}
	return 0;
}

static int read_statement(struct statement *s, const char *code, const json_t *value, const json_t *classes,
			  struct error *e)
{
	const char *class = json_string_value(json_object_get(value, "class")),
		   *subclass = json_string_value(json_object_get(value, "subclass"));
	if (read_kinds(s, code, value, e) < 0)
		return -1;
	if (s->kinds & STATEMENTS_DIAGNOSTIC) {
		s->class = class ? class_bit(classes, class) : 0;
		if (!s->class)
			return error_set(e, "statements", 0, "%s: unknown superclass '%s'", code,
					 class ? class : "");
	}
	s->code = die_strdup(code);
	s->subclass = die_strdup(subclass ? subclass : "");
	return 0;
}

struct statements *statements_open(const json_t *table, const json_t *classes, struct error *e)
{
	struct statements *s = die_calloc(1, sizeof *s);
	const char *code;
	json_t *value;

	if (!json_is_object(table) || json_object_size(table) > STATEMENTS_MAX) {
		error_set(e, "statements", 0, "expected an object of at most %d statements", STATEMENTS_MAX);
		goto fail;
	}

	if (!json_is_array(classes) || json_array_size(classes) > STATEMENTS_CLASSES_MAX) {
		error_set(e, "classes", 0, "expected a list of at most %d names", STATEMENTS_CLASSES_MAX);
		goto fail;
	}

	json_object_foreach ((json_t *)table, code, value) {
		if (read_statement(&s->list[s->n], code, value, classes, e) < 0)
			goto fail;
		s->n++;
	}

	qsort(s->list, s->n, sizeof *s->list, order);
	return s;
fail:
	statements_close(s);

	return NULL;
}

void statements_close(struct statements *s)
{
	for (size_t i = 0; s && i < s->n; i++) {
		free(s->list[i].code);
		free(s->list[i].subclass);
	}
	free(s);
}

size_t statements_count(const struct statements *s)
{
	return s->n;
}

const char *statements_name(const struct statements *s, size_t i)
{
	return s->list[i].code;
}

int statements_find(const struct statements *s, const char *code)
{
	const struct statement key = {.code = (char *)code};
	const struct statement *found = bsearch(&key, s->list, s->n, sizeof *s->list, order);
	return found ? (int)(found - s->list) : -1;
}

unsigned statements_kinds(const struct statements *s, size_t i)
{
	return s->list[i].kinds;
}

const char *statements_subclass(const struct statements *s, size_t i)
{
	return s->list[i].subclass;
}

int statements_label(const struct statements *s, const json_t *codes, const char *record, uint32_t *classes,
		     uint64_t bits[2], struct error *e)
{
	const char *code;
	json_t *likelihood;
	*classes = 0;
	bits[0] = bits[1] = 0;
	json_object_foreach ((json_t *)codes, code, likelihood) {
		int i = statements_find(s, code);
		if (i < 0)
			return error_set(e, record, 0, "unknown statement '%s'", code);
		*classes |= s->list[i].class;
		bits[i / 64] |= UINT64_C(1) << (i % 64);
	}
	return 0;
}
