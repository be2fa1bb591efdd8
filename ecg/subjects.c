#include "ecg/subjects.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/fold.h"
#include "ecg/identifier.h"
#include "ecg/statements.h"

struct subjects {
	struct statements *statements;
	json_t *classes;
};

struct subjects *subjects_open(const json_t *statements, const json_t *classes, struct error *e)
{
	json_t *none = json_object();
	struct subjects *s = die_calloc(1, sizeof *s);
	s->statements = statements_open(statements ? statements : none, classes, e);
	s->classes = json_deep_copy(classes);
	json_decref(none);
	if (s->statements)
		return s;
	subjects_close(s);
	return NULL;
}

void subjects_close(struct subjects *s)
{
	if (!s)
		return;
	statements_close(s->statements);
	json_decref(s->classes);
	free(s);
}

static bool is_known(const json_t *value)
{
	return value && !json_is_null(value);
}

static int read_patient(struct label *l, uint64_t record, const json_t *value, const char *name,
			struct error *e)
{
	const char *text = json_string_value(value);
	if (!is_known(value)) {
		char own[32];
		snprintf(own, sizeof own, "record %" PRIu64, record);
		l->patient = identifier_key(own);
	} else if (json_is_integer(value) && json_integer_value(value) >= 0) {
		l->patient = (uint64_t)json_integer_value(value);
	} else if (text && *text) {
		l->patient = identifier_key(text);
	} else {
		return error_set(e, name, 0, "patient: expected a text or a whole number");
	}
	return 0;
}

/* A whole number in [min, max], or `otherwise` if unknown. */
static int read_whole(int *out, const json_t *value, int min, int max, int otherwise, const char *what,
		      const char *name, struct error *e)
{
	double x = json_number_value(value);
	*out = otherwise;
	if (!is_known(value))
		return 0;
	if (!json_is_number(value) || x != floor(x) || x < min || x > max)
		return error_set(e, name, 0, "%s: expected a whole number from %d to %d", what, min, max);
	*out = (int)x;
	return 0;
}

static int read_age(struct label *l, const json_t *value, const char *name, struct error *e)
{
	l->age = -1;
	if (!is_known(value))
		return 0;
	if (!json_is_number(value) || !(json_number_value(value) >= 0 && json_number_value(value) <= 1000))
		return error_set(e, name, 0, "age: expected a number of years from 0 to 1000");
	l->age = (float)json_number_value(value);
	return 0;
}

static int read_classes(struct label *l, const struct subjects *s, const json_t *list, const char *name,
			struct error *e)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *class = json_string_value(json_array_get(list, i));
		size_t bit = 0;
		while (class && bit < json_array_size(s->classes) &&
		       strcmp(class, json_string_value(json_array_get(s->classes, bit))) != 0)
			bit++;
		if (!class || bit == json_array_size(s->classes))
			return error_set(e, name, 0, "classes: unknown class '%s'", class ? class : "");
		l->classes |= UINT32_C(1) << bit;
	}
	return 0;
}

static void name_record(char *name, size_t room, uint64_t record, const json_t *subject)
{
	const char *id = json_string_value(json_object_get(subject, "id"));
	if (id)
		snprintf(name, room, "record %.200s", id);
	else
		snprintf(name, room, "record %" PRIu64, record);
}

int subjects_label(const struct subjects *s, struct label *l, uint64_t record, const json_t *subject,
		   struct error *e)
{
	char name[256];
	int fold, sex;
	const json_t *codes = json_object_get(subject, "codes");

	name_record(name, sizeof name, record, subject);
	*l = (struct label){0};
	if (read_patient(l, record, json_object_get(subject, "patient"), name, e) < 0 ||
	    read_age(l, json_object_get(subject, "age"), name, e) < 0 ||
	    read_whole(&sex, json_object_get(subject, "sex"), 0, 1, -1, "sex", name, e) < 0 ||
	    read_whole(&fold, json_object_get(subject, "fold"), 1, FOLDS, 0, "fold", name, e) < 0)
		return -1;

	l->sex = sex;

	/* The patient's number is mixed first: it may itself be regular in the dataset's order. */
	uint64_t mixed = l->patient * UINT64_C(0x9e3779b97f4a7c15);
	l->fold = fold ? (uint32_t)fold : 1 + (uint32_t)((mixed >> 32) % FOLDS);
	if (is_known(codes) && statements_label(s->statements, codes, name, &l->classes, l->codes, e) < 0)
		return -1;

	return read_classes(l, s, json_object_get(subject, "classes"), name, e);
}
