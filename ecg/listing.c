#include "ecg/listing.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/die.h"
#include "common/json.h"
#include "ecg/csv.h"
#include "ecg/field.h"
#include "ecg/fold.h"
#include "ecg/folds.h"
#include "ecg/identifier.h"
#include "ecg/path.h"
#include "ecg/person.h"
#include "ecg/repeats.h"
#include "ecg/statements.h"

#define NONE (-2) /* column not asked for */

struct columns {
	int id, path, patient, fold, age, sex;
	int labels[STATEMENTS_CLASSES_MAX];
	size_t n_labels;
};

int listing_fold(const char *patient)
{
	return 1 + (int)(identifier_hash(patient) % FOLDS);
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

/* A list that is being read. */
struct reading {
	const struct listing *l;
	struct columns at;
	struct csv *t;
	struct catalog *catalog;
	json_t *classes; /* as members: names seen, at most one more than a dataset may have */
	json_t *rows;	 /* of records that may repeat and have no ids: path -> rows so far */
	struct repeats *repeats;
	struct error *e;
};

static const char *field(const struct reading *r, int column)
{
	return csv_trimmed(r->t, column);
}

static int bad_field(const struct reading *r, int column, const char *what)
{
	return error_set(r->e, r->l->csv, csv_line(r->t), "%s: expected %s, found '%.40s'",
			 csv_name(r->t, column), what, field(r, column));
}

/* ---- labels ---- */

/* Append a class name to a record's list, once. */
static int add_class(const struct reading *r, json_t *list, const char *name, size_t n)
{
	char *copy = die_printf("%.*s", (int)n, name), *text = field_trim(copy);
	json_t *class = json_string(text);
	int result = class ? 0 : -1;
	bool is_known = !*text;

	for (size_t i = 0; i < json_array_size(list); i++)
		is_known |= !strcmp(text, json_string_value(json_array_get(list, i)));
	if (class && !is_known) {
		if (json_object_size(r->classes) <= STATEMENTS_CLASSES_MAX)
			json_object_set_new(r->classes, text, json_true());
		json_array_append(list, class);
	}
	json_decref(class);
	free(copy);
	return result;
}

/* What separates names in this field; NULL if that cannot be told. */
static const char *separators_of(const struct reading *r, const char *text)
{
	if (r->l->separators)
		return r->l->separators;
	if (!strchr(text, ','))
		return ";|";
	return text[strspn(text, "0123456789,;| ")] ? NULL : ",;|";
}

static int read_names(const struct reading *r, json_t *list)
{
	int column = r->at.labels[0];
	const char *at = field(r, column), *separators = separators_of(r, at);

	if (!separators)
		return error_set(r->e, r->l->csv, csv_line(r->t),
				 "%s: '%.60s' has a comma: if it stands between classes, set "
				 "fetch.label_separators=',', if "
				 "it is part of a name, ';'",
				 csv_name(r->t, column), at);
	if (!strcasecmp(at, "nan"))
		return 0;
	for (;; at++) {
		size_t n = strcspn(at, separators);
		if (add_class(r, list, at, n) < 0)
			return error_set(r->e, r->l->csv, csv_line(r->t),
					 "%s: class name is not UTF-8: save the table as UTF-8",
					 csv_name(r->t, column));
		at += n;
		if (!*at)
			return 0;
	}
}

/* 1, 0 (also if nothing is said), -1 if it is no flag. */
static int flag(const char *text)
{
	static const char *const words[2][6] = {{"0", "0.0", "false", "f", "no", "n"},
						{"1", "1.0", "true", "t", "yes", "y"}};
	if (field_is_unknown(text))
		return 0;
	for (int value = 0; value < 2; value++)
		for (int i = 0; i < 6; i++)
			if (!strcasecmp(text, words[value][i]))
				return value;
	return -1;
}

static int read_flags(const struct reading *r, json_t *list)
{
	for (size_t i = 0; i < r->at.n_labels; i++) {
		int value = flag(field(r, r->at.labels[i]));
		if (value < 0)
			return bad_field(r, r->at.labels[i], "0 or 1, true or false");
		if (value)
			json_array_append_new(list, json_string(r->l->labels[i]));
	}
	return 0;
}

/* ---- one row ---- */

static int read_patient(const struct reading *r, json_t *subject, const char *name, int *fold)
{
	uint64_t given;
	const char *patient = r->at.patient == NONE ? name : field(r, r->at.patient);
	if (!*patient || json_object_set_new(subject, "patient", json_string(patient)) < 0)
		return bad_field(r, r->at.patient, "a patient's name");

	*fold = 0;
	if (r->at.fold == NONE && r->l->is_hashed)
		*fold = listing_fold(patient);
	if (r->at.fold != NONE) {
		if (field_integer(field(r, r->at.fold), &given) < 0 || given < 1 || given > 10)
			return bad_field(r, r->at.fold, "a fold 1 to 10");
		*fold = (int)given;
	}
	if (*fold)
		json_object_set_new(subject, "fold", json_integer(*fold));
	return 0;
}

static int read_person(const struct reading *r, json_t *subject)
{
	double years;
	int sex, has_age = r->at.age == NONE ? 0 : person_age(&years, field(r, r->at.age));
	int has_sex = r->at.sex == NONE ? 0 : person_sex(&sex, field(r, r->at.sex));
	if (has_age < 0)
		return bad_field(r, r->at.age, "an age in years");
	if (has_sex < 0)
		return bad_field(r, r->at.sex, "0 or male, 1 or female");
	if (has_age)
		json_object_set_new(subject, "age", field_json(years));
	if (has_sex)
		json_object_set_new(subject, "sex", json_integer(sex));
	return 0;
}

/* The record's path inside the dataset: meant from the CSV's folder, without the end of a file's name. NULL
 * if it leads out. Yours to free. */
static char *read_path(const struct reading *r)
{
	static const char *const ends[] = {".hea", ".dat", ".mat"};
	char *folder = path_folder(r->l->csv), *path = path_resolve(folder, field(r, r->at.path));
	size_t n = path ? strlen(path) : 0;
	for (size_t i = 0; n > 4 && i < sizeof ends / sizeof *ends; i++)
		if (!strcmp(path + n - 4, ends[i])) {
			path[n - 4] = '\0';
			break;
		}
	free(folder);
	return path;
}

/* What the record is called: its id or its path; yours to free. */
static char *read_name(const struct reading *r, const char *path)
{
	if (r->at.id != NONE)
		return die_strdup(field(r, r->at.id));
	if (!r->l->may_repeat)
		return die_strdup(path);
	json_int_t n = 1 + json_integer_value(json_object_get(r->rows, path));
	json_object_set_new(r->rows, path, json_integer(n));
	return n > 1 ? die_printf("%s#%lld", path, (long long)n) : die_strdup(path);
}

static bool is_utf8(const char *text)
{
	json_t *value = json_string(text);
	json_decref(value);
	return value;
}

static int add_record(const struct reading *r, const char *name, const char *path)
{
	int fold = 0;
	json_t *subject = json_object(), *classes = json_array();
	json_object_set_new(subject, "classes", classes);

	if (read_patient(r, subject, name, &fold) < 0 || read_person(r, subject) < 0 ||
	    (r->at.n_labels == 1 ? read_names(r, classes) : read_flags(r, classes)) < 0) {
		json_decref(subject);
		return -1;
	}
	repeats_add(r->repeats, path, json_string_value(json_object_get(subject, "patient")), fold,
		    csv_line(r->t));
	return catalog_add(r->catalog, name, path, subject, r->l->csv, csv_line(r->t), r->e);
}

static int add_row(const struct reading *r)
{
	char *path = read_path(r);
	if (!path)
		return error_set(r->e, r->l->csv, csv_line(r->t),
				 "'%.100s' is not the path of a record inside the dataset",
				 field(r, r->at.path));
	char *name = read_name(r, path);
	int result = r->at.id != NONE && !*name ? bad_field(r, r->at.id, "a record's id")
		     : !is_utf8(name)
			     ? error_set(r->e, r->l->csv, csv_line(r->t),
					 "the record's id or path is not UTF-8: save the table as UTF-8")
			     : add_record(r, name, path);
	free(name);
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
			return error_set(e, l->csv, 1,
					 "name of a label column is not UTF-8: save the table as UTF-8");
	return 0;
}

/* ---- folds that no column gives ---- */

static json_t *subject_of(const struct catalog *c, size_t i)
{
	const char *text = c->records[i].subject;
	json_t *subject = json_read(text, strlen(text), "subject", NULL);
	if (!subject)
		BUG("a subject that cannot be read");
	return subject;
}

static uint32_t class_bits(const struct catalog *c, const json_t *subject)
{
	const json_t *list = json_object_get(subject, "classes"), *name, *known;
	uint32_t bits = 0;
	size_t i, k;
	json_array_foreach (list, i, name)
		json_array_foreach (c->classes, k, known)
			bits |= (uint32_t)json_equal(name, known) << k;
	return bits;
}

static void draw_folds(struct catalog *c)
{
	struct folds_record *drawn = die_calloc(c->n, sizeof *drawn);
	struct texts patients = {0};
	for (size_t i = 0; i < c->n; i++) {
		json_t *subject = subject_of(c, i);
		drawn[i].patient =
			texts_keep(&patients, json_string_value(json_object_get(subject, "patient")));
		drawn[i].classes = class_bits(c, subject);
		json_decref(subject);
	}

	folds_draw(drawn, c->n);
	for (size_t i = 0; i < c->n; i++) {
		json_t *subject = subject_of(c, i);
		json_object_set_new(subject, "fold", json_integer(drawn[i].fold));
		catalog_replace(c, i, subject);
	}
	texts_release(&patients);
	free(drawn);
}

/* ---- the whole list ---- */

static int check_repeats(const struct reading *r)
{
	if (!r->l->may_repeat && repeats_records(r->repeats, r->l->csv, r->e) < 0)
		return -1;
	if (r->at.fold == NONE || r->l->may_split)
		return 0; /* drawn folds are a patient's own */
	return repeats_patients(r->repeats, r->l->csv, r->e);
}

int listing_records(const struct listing *l, struct catalog *c, struct reader reader, struct error *e)
{
	struct reading r = {.l = l, .catalog = c, .e = e};
	int got = -1;
	r.classes = json_object();
	r.rows = json_object();
	r.repeats = repeats_new();
	r.t = csv_open(l->csv, reader, e);

	if (!r.t || find_columns(&r.at, l, r.t, e) < 0)
		goto done;
	while ((got = csv_next(r.t, e)) > 0)
		if (add_row(&r) < 0) {
			got = -1;
			break;
		}

	if (got == 0)
		got = check_repeats(&r) < 0 ? -1 : set_classes(l, c, r.classes, e);
	if (got == 0 && r.at.fold == NONE && !l->is_hashed)
		draw_folds(c);
done:
	csv_close(r.t);
	repeats_free(r.repeats);
	json_decref(r.classes);
	json_decref(r.rows);

	return got;
}
