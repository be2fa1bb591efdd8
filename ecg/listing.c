#include "ecg/listing.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/die.h"
#include "ecg/csv.h"
#include "ecg/field.h"
#include "ecg/fold.h"
#include "ecg/path.h"
#include "ecg/statements.h"

#define NONE (-2) /* column not asked for */

struct columns {
	int id, path, patient, fold, age, sex;
	int labels[STATEMENTS_CLASSES_MAX];
	size_t n_labels;
};

int listing_fold(const char *patient)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	for (const char *p = patient; *p; p++)
		h = (h ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
	h = (h ^ h >> 30) *
	    UINT64_C(0xbf58476d1ce4e5b9); /* FNV alone leaves the low bits of similar names similar */
	h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
	return 1 + (int)((h ^ h >> 31) % FOLDS);
}

static int find(int *column, const struct csv *t, const char *name, struct error *e)
{
	*column = name && *name ? csv_require(t, name, e) : NONE;
	return *column == -1 ? -1 : 0;
}

static int find_columns(struct columns *at, const struct listing *l, const struct csv *t, struct error *e)
{
	if (find(&at->path, t, l->path, e) < 0 || find(&at->id, t, l->id, e) < 0 ||
	    find(&at->patient, t, l->patient, e) < 0 || find(&at->fold, t, l->fold, e) < 0 ||
	    find(&at->age, t, l->age, e) < 0 || find(&at->sex, t, l->sex, e) < 0)
		return -1;
	if (at->path == NONE)
		return error_set(e, l->csv, 0,
				 "which column names the record's file? (path_column is empty)");
	if (l->n_labels > STATEMENTS_CLASSES_MAX)
		return error_set(e, l->csv, 0, "at most %d label columns", STATEMENTS_CLASSES_MAX);
	for (at->n_labels = 0; at->n_labels < l->n_labels; at->n_labels++)
		if (find(&at->labels[at->n_labels], t, l->labels[at->n_labels], e) < 0)
			return -1;
	return 0;
}

static int bad_field(const struct listing *l, const struct csv *t, int column, const char *what,
		     struct error *e)
{
	return error_set(e, l->csv, csv_line(t), "%s: expected %s, found '%.40s'", csv_name(t, column), what,
			 csv_text(t, column));
}

/* ---- labels ---- */

/* Append a class name to a record's list, once; one too many for a dataset ends collecting. */
static int add_class(json_t *list, json_t *seen, const char *name, size_t n)
{
	while (n && (*name == ' ' || *name == '\t'))
		name++, n--;
	while (n && (name[n - 1] == ' ' || name[n - 1] == '\t'))
		n--;
	if (!n)
		return 0;
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *known = json_array_get(list, i);
		if (json_string_length(known) == n && !memcmp(json_string_value(known), name, n))
			return 0;
	}
	json_t *text = json_stringn(name, n);
	if (json_object_size(seen) <= STATEMENTS_CLASSES_MAX && text)
		json_object_set_new(seen, json_string_value(text), json_true());
	return json_array_append_new(list, text);
}

static int read_names(json_t *list, json_t *seen, const struct listing *l, const struct csv *t, int column,
		      struct error *e)
{
	for (const char *at = csv_text(t, column);; at++) {
		size_t n = strcspn(at, ";|");
		if (add_class(list, seen, at, n) < 0)
			return error_set(e, l->csv, csv_line(t), "%s: class name is not UTF-8",
					 csv_name(t, column));
		at += n;
		if (!*at)
			return 0;
	}
}

static int read_flags(json_t *list, const struct listing *l, const struct csv *t, const struct columns *at,
		      struct error *e)
{
	for (size_t i = 0; i < at->n_labels; i++) {
		const char *text = csv_text(t, at->labels[i]);
		uint64_t x = 0;
		if (*text && (field_integer(text, &x) < 0 || x > 1))
			return bad_field(l, t, at->labels[i], "0 or 1", e);
		if (x)
			json_array_append_new(list, json_string(l->labels[i]));
	}
	return 0;
}

/* ---- one row ---- */

static int read_sex(const char *text)
{
	static const char *const names[2][3] = {{"0", "m", "male"}, {"1", "f", "female"}};
	for (int sex = 0; sex < 2; sex++)
		for (int i = 0; i < 3; i++)
			if (!strcasecmp(text, names[sex][i]))
				return sex;
	return -1;
}

static int read_person(json_t *subject, uint64_t id, const struct listing *l, const struct csv *t,
		       const struct columns *at, struct error *e)
{
	char own[24];
	snprintf(own, sizeof own, "%llu", (unsigned long long)id);
	const char *patient = at->patient == NONE ? own : csv_text(t, at->patient);
	uint64_t fold = (uint64_t)listing_fold(patient);
	double age;
	if (!*patient || json_object_set_new(subject, "patient", json_string(patient)) < 0)
		return bad_field(l, t, at->patient, "a patient's name", e);
	if (at->fold != NONE && (field_integer(csv_text(t, at->fold), &fold) < 0 || !fold_is(fold)))
		return bad_field(l, t, at->fold, "a fold 1 to 10", e);
	json_object_set_new(subject, "fold", json_integer((json_int_t)fold));

	if (at->age != NONE && *csv_text(t, at->age)) {
		if (field_number(csv_text(t, at->age), &age) < 0 || age < 0 || age > 300)
			return bad_field(l, t, at->age, "an age in years", e);
		json_object_set_new(subject, "age", field_json(age));
	}

	if (at->sex != NONE && *csv_text(t, at->sex)) {
		int sex = read_sex(csv_text(t, at->sex));
		if (sex < 0)
			return bad_field(l, t, at->sex, "0 or male, 1 or female", e);
		json_object_set_new(subject, "sex", json_integer(sex));
	}

	return 0;
}

/* The record's path inside the dataset: beside the CSV, without ".hea". Yours to free. */
static char *read_path(const struct listing *l, const char *text)
{
	char *folder = path_folder(l->csv), *path = path_join(folder, text);
	size_t n = strlen(path);
	if (n > 4 && !strcmp(path + n - 4, ".hea"))
		path[n - 4] = '\0';
	free(folder);
	return path;
}

static int add_row(const struct listing *l, struct catalog *c, json_t *seen, const struct csv *t,
		   const struct columns *at, struct error *e)
{
	uint64_t id = c->n + 1;
	if (at->id != NONE && field_integer(csv_text(t, at->id), &id) < 0)
		return bad_field(l, t, at->id, "a record's number", e);
	json_t *subject = json_object(), *classes = json_array();
	json_object_set_new(subject, "classes", classes);

	if (read_person(subject, id, l, t, at, e) < 0 ||
	    (at->n_labels == 1 ? read_names(classes, seen, l, t, at->labels[0], e)
			       : read_flags(classes, l, t, at, e)) < 0) {
		json_decref(subject);
		return -1;
	}

	char *path = read_path(l, csv_text(t, at->path));
	int result = catalog_add(c, id, path, subject, l->csv, csv_line(t), e);
	free(path);
	return result;
}

/* ---- the dataset's classes ---- */

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names seen in the records' lists, sorted. */
static int collect_classes(const struct listing *l, struct catalog *c, const json_t *seen, struct error *e)
{
	const char *names[STATEMENTS_CLASSES_MAX], *name;
	json_t *value;
	size_t n = 0;

	if (json_object_size(seen) > STATEMENTS_CLASSES_MAX)
		return error_set(e, l->csv, 0, "%s: more than %d different classes", l->labels[0],
				 STATEMENTS_CLASSES_MAX);
	json_object_foreach ((json_t *)seen, name, value) {
		names[n++] = name;
	}
	qsort(names, n, sizeof *names, compare_texts);
	c->classes = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(c->classes, json_string(names[i]));
	return 0;
}

static int set_classes(const struct listing *l, struct catalog *c, const json_t *seen, struct error *e)
{
	if (l->n_labels == 1)
		return collect_classes(l, c, seen, e);
	c->classes = json_array();
	for (size_t i = 0; i < l->n_labels; i++)
		if (json_array_append_new(c->classes, json_string(l->labels[i])) < 0)
			return error_set(e, l->csv, 1, "name of a label column is not UTF-8");
	return 0;
}

int listing_records(const struct listing *l, struct catalog *c, struct reader reader, struct error *e)
{
	struct columns at = {0};
	struct csv *t = csv_open(l->csv, reader, e);
	json_t *seen = json_object();
	int got = -1;

	if (!t || find_columns(&at, l, t, e) < 0)
		goto done;
	while ((got = csv_next(t, e)) > 0)
		if (add_row(l, c, seen, t, &at, e) < 0) {
			got = -1;
			break;
		}

	if (got == 0)
		got = set_classes(l, c, seen, e);
done:
	csv_close(t);
	json_decref(seen);

	return got;
}
