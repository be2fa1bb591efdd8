#include "ecg/ptbxl.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecg/csv.h"
#include "ecg/field.h"
#include "ecg/fold.h"
#include "ecg/statements.h"

#define CODE_BYTES 16 /* longest statement code, NUL included */

static const char *const superclasses[] = {"NORM", "MI", "STTC", "CD", "HYP"};

json_t *ptbxl_classes(void)
{
	json_t *classes = json_array();
	for (size_t i = 0; i < sizeof superclasses / sizeof *superclasses; i++)
		json_array_append_new(classes, json_string(superclasses[i]));
	return classes;
}

/* ---- scp_statements.csv ---- */

/* "1.0" is yes, "" and "0.0" are no. */
static int read_flag(const char *text, bool *flag, long line, const char *column, struct error *e)
{
	uint64_t x = 0;
	if (*text && (field_integer(text, &x) < 0 || x > 1))
		return error_set(e, PTBXL_STATEMENTS, line, "%s: expected 1.0 or nothing, found '%.20s'",
				 column, text);
	*flag = x == 1;
	return 0;
}

static bool is_superclass(const char *class)
{
	for (size_t i = 0; i < sizeof superclasses / sizeof *superclasses; i++)
		if (!strcmp(class, superclasses[i]))
			return true;
	return false;
}

struct statement_columns {
	int code, diagnostic, form, rhythm, class, subclass;
};

static int find_statement_columns(struct statement_columns *at, const struct csv *t, struct error *e)
{
	at->code = 0; /* its name is empty */
	return (at->diagnostic = csv_require(t, "diagnostic", e)) < 0 ||
			       (at->form = csv_require(t, "form", e)) < 0 ||
			       (at->rhythm = csv_require(t, "rhythm", e)) < 0 ||
			       (at->class = csv_require(t, "diagnostic_class", e)) < 0 ||
			       (at->subclass = csv_require(t, "diagnostic_subclass", e)) < 0
		       ? -1
		       : 0;
}

static int add_statement(json_t *statements, const struct csv *t, const struct statement_columns *at,
			 struct error *e)
{
	const char *code = csv_text(t, at->code), *class = csv_text(t, at->class);
	long line = csv_line(t);
	bool diagnostic, form, rhythm;

	if (!*code || strlen(code) >= CODE_BYTES)
		return error_set(e, PTBXL_STATEMENTS, line, "expected a statement's code, found '%.30s'",
				 code);
	if (json_object_get(statements, code))
		return error_set(e, PTBXL_STATEMENTS, line, "statement %s stands there twice", code);
	if (read_flag(csv_text(t, at->diagnostic), &diagnostic, line, "diagnostic", e) < 0 ||
	    read_flag(csv_text(t, at->form), &form, line, "form", e) < 0 ||
	    read_flag(csv_text(t, at->rhythm), &rhythm, line, "rhythm", e) < 0)
		return -1;

	if (diagnostic ? !is_superclass(class) : *class && !is_superclass(class))
		return error_set(e, PTBXL_STATEMENTS, line,
				 "%s: unknown superclass '%.30s', expected NORM, MI, STTC, CD or HYP", code,
				 class);

	json_t *s = json_pack("{s:b,s:b,s:b}", "diagnostic", diagnostic, "form", form, "rhythm", rhythm);
	const char *subclass = csv_text(t, at->subclass);
	if (*class)
		json_object_set_new(s, "class", json_string(class));
	if (*subclass && json_object_set_new(s, "subclass", json_string(subclass)) < 0) {
		json_decref(s);
		return error_set(e, PTBXL_STATEMENTS, line, "%s: subclass is not UTF-8", code);
	}

	if (json_object_set_new(statements, code, s) < 0)
		return error_set(e, PTBXL_STATEMENTS, line, "code is not UTF-8");
	return 0;
}

int ptbxl_statements(struct catalog *c, struct reader reader, struct error *e)
{
	struct statement_columns at;
	struct csv *t = csv_open(PTBXL_STATEMENTS, reader, e);
	json_t *statements = json_object();
	int got = -1;

	if (!t || find_statement_columns(&at, t, e) < 0)
		goto done;
	while ((got = csv_next(t, e)) > 0)
		if (add_statement(statements, t, &at, e) < 0) {
			got = -1;
			break;
		}

	if (got == 0 && json_object_size(statements) > STATEMENTS_MAX)
		got = error_set(e, PTBXL_STATEMENTS, 0, "more than %d statements", STATEMENTS_MAX);
done:
	csv_close(t);
	if (got < 0) {
		json_decref(statements);
		return -1;
	}

	c->statements = statements;
	c->classes = ptbxl_classes();
	return 0;
}

/* ---- scp_codes ---- */

/* A key in single or double quotes; *at moves behind it. */
static int read_code(const char **at, char code[CODE_BYTES])
{
	char quote = **at;
	if (quote != '\'' && quote != '"')
		return -1;
	const char *end = strchr(*at + 1, quote);
	size_t n = end ? (size_t)(end - *at - 1) : 0;
	if (!n || n >= CODE_BYTES || memchr(*at + 1, '\\', n))
		return -1;
	memcpy(code, *at + 1, n);
	code[n] = '\0';
	*at = end + 1;
	return 0;
}

static int read_likelihood(const char **at, double *x)
{
	char text[32];
	size_t n = strspn(*at, "0123456789.");
	if (n >= sizeof text)
		return -1;
	memcpy(text, *at, n);
	text[n] = '\0';
	*at += n;
	return field_number(text, x) < 0 || *x > 100 ? -1 : 0;
}

static void skip_blanks(const char **at)
{
	*at += strspn(*at, " ");
}

/* One "'NORM': 100.0" into codes. */
static int read_pair(const char **at, json_t *codes)
{
	char code[CODE_BYTES];
	double likelihood;
	if (read_code(at, code) < 0 || json_object_get(codes, code))
		return -1;
	skip_blanks(at);
	if (*(*at)++ != ':')
		return -1;
	skip_blanks(at);
	if (read_likelihood(at, &likelihood) < 0)
		return -1;
	skip_blanks(at);
	return json_object_set_new(codes, code, field_json(likelihood));
}

static int read_codes(const char *at, json_t *codes)
{
	if (*at++ != '{')
		return -1;
	skip_blanks(&at);
	while (*at != '}') {
		if (read_pair(&at, codes) < 0 || (*at != ',' && *at != '}'))
			return -1;
		if (*at == ',') {
			at++;
			skip_blanks(&at);
			if (*at == '}')
				return -1;
		}
	}
	return at[1] ? -1 : 0;
}

json_t *ptbxl_codes(const char *text, const char *file, long line, struct error *e)
{
	json_t *codes = json_object();
	if (read_codes(text, codes) == 0)
		return codes;
	json_decref(codes);
	error_set(e, file, line, "scp_codes: expected codes like {'NORM': 100.0}, found %.80s", text);
	return NULL;
}

/* ---- ptbxl_database.csv ---- */

struct record_columns {
	int id, patient, age, sex, codes, fold, path;
};

static int find_record_columns(struct record_columns *at, const struct csv *t, int rate_hz, struct error *e)
{
	return (at->id = csv_require(t, "ecg_id", e)) < 0 ||
			       (at->patient = csv_require(t, "patient_id", e)) < 0 ||
			       (at->age = csv_require(t, "age", e)) < 0 ||
			       (at->sex = csv_require(t, "sex", e)) < 0 ||
			       (at->codes = csv_require(t, "scp_codes", e)) < 0 ||
			       (at->fold = csv_require(t, "strat_fold", e)) < 0 ||
			       (at->path =
					csv_require(t, rate_hz == 500 ? "filename_hr" : "filename_lr", e)) < 0
		       ? -1
		       : 0;
}

static int bad_field(const struct csv *t, int column, const char *what, struct error *e)
{
	return error_set(e, PTBXL_DATABASE, csv_line(t), "%s: expected %s, found '%.40s'",
			 csv_name(t, column), what, csv_text(t, column));
}

static int read_person(json_t *subject, const struct csv *t, const struct record_columns *at, struct error *e)
{
	uint64_t patient, sex, fold;
	double age;

	if (field_integer(csv_text(t, at->patient), &patient) < 0)
		return bad_field(t, at->patient, "a patient's number", e);
	char text[24];
	snprintf(text, sizeof text, "%llu", (unsigned long long)patient);
	json_object_set_new(subject, "patient", json_string(text));

	if (*csv_text(t, at->age)) {
		if (field_number(csv_text(t, at->age), &age) < 0 || age < 0 || age > 300)
			return bad_field(t, at->age, "an age in years", e);
		json_object_set_new(subject, "age", field_json(age));
	}

	if (*csv_text(t, at->sex)) {
		if (field_integer(csv_text(t, at->sex), &sex) < 0 || sex > 1)
			return bad_field(t, at->sex, "0 (male) or 1 (female)", e);
		json_object_set_new(subject, "sex", json_integer((json_int_t)sex));
	}

	if (field_integer(csv_text(t, at->fold), &fold) < 0 || !fold_is(fold))
		return bad_field(t, at->fold, "a fold 1 to 10", e);
	json_object_set_new(subject, "fold", json_integer((json_int_t)fold));
	return 0;
}

static int read_statements_of(json_t *subject, const json_t *known, uint64_t id, const struct csv *t,
			      const struct record_columns *at, struct error *e)
{
	json_t *codes = ptbxl_codes(csv_text(t, at->codes), PTBXL_DATABASE, csv_line(t), e), *likelihood;
	const char *code;
	if (!codes)
		return -1;
	json_object_set_new(subject, "codes", codes);
	json_object_foreach (codes, code, likelihood) {
		if (!json_object_get(known, code))
			return error_set(e, PTBXL_DATABASE, csv_line(t),
					 "record %llu: statement '%s' is not in " PTBXL_STATEMENTS,
					 (unsigned long long)id, code);
	}
	return 0;
}

static int add_record(struct catalog *c, const struct csv *t, const struct record_columns *at,
		      struct error *e)
{
	uint64_t id;
	if (field_integer(csv_text(t, at->id), &id) < 0)
		return bad_field(t, at->id, "a record's number", e);
	json_t *subject = json_object();
	if (read_person(subject, t, at, e) < 0 ||
	    read_statements_of(subject, c->statements, id, t, at, e) < 0) {
		json_decref(subject);
		return -1;
	}
	char name[24];
	snprintf(name, sizeof name, "%llu", (unsigned long long)id);
	return catalog_add(c, name, csv_text(t, at->path), subject, PTBXL_DATABASE, csv_line(t), e);
}

int ptbxl_records(struct catalog *c, struct reader reader, int rate_hz, struct error *e)
{
	struct record_columns at;
	struct csv *t = csv_open(PTBXL_DATABASE, reader, e);
	int got = -1;
	if (!t || find_record_columns(&at, t, rate_hz, e) < 0)
		goto done;
	while ((got = csv_next(t, e)) > 0)
		if (add_record(c, t, &at, e) < 0) {
			got = -1;
			break;
		}
done:
	csv_close(t);
	return got;
}
