/*
 * Parameters: a stage declares its section as a table of struct param; the params file (strict
 * YAML, docs/params.md) is checked against the tables of all stages and cut into one canonical
 * JSON slice per stage.
 *
 *	long n = params_int(p, "epochs");
 *	const char *s = params_text(p, "strategy");
 *
 * A getter of a name or type that was not declared is a BUG. Text is borrowed until params_close.
 */
#ifndef COMMON_PARAMS_H
#define COMMON_PARAMS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

enum param_type {
	PARAM_END = 0, /* {0} ends a table */
	PARAM_INT,
	PARAM_FLOAT,
	PARAM_BOOL,
	PARAM_TEXT,
	PARAM_CHOICE, /* one of .choices */
	PARAM_LIST,   /* a list of texts */
	/* a file, folder or URL, never in the action key (identify); its default is not a
	 * path: "synthetic" */
	PARAM_PATH,
};

struct param {
	const char *name;
	enum param_type type;
	const char *unit;      /* "Hz", "s", "mV"; NULL: none */
	double min, max;       /* of numbers, inclusive; both 0: no limits */
	const char *choices;   /* PARAM_CHOICE: "halves interleaved sequential" */
	const char *otherwise; /* the default, as it would stand in YAML; NULL: must be given */
	const char *help;      /* one line */
	/* PARAM_TEXT: it names a file in the folder that this PARAM_PATH names; NULL: no file */
	const char *inside;
	bool not_in_key; /* cannot change the result (checkpoint_minutes): kept out of the action key */
	/* NULL: this stage's own; else another's, of the same declaration: given there, read here too */
	const char *section;
};

struct params;

/* Read a slice: canonical JSON of one section, checked against the table. NULL with e filled on anything
 * wrong. */
struct params *params_open(const char *path, const struct param *table, struct error *e);
/* A section made of the table's defaults with some values replaced ("epochs=3 tau=0.2"), for tests. */
struct params *params_from_text(const char *assignments, const struct param *table, struct error *e);
void params_close(struct params *p);

/* The next "name=value" of a text like "epochs=3 leads='[I, II]' source='my folder'", cut up in place: 1, 0
 * at the end, or -1 with e filled. Blanks separate; a value may stand in quotes (is_quoted) or be a list in
 * brackets. */
int params_next_assignment(char **cursor, char **name, char **value, bool *is_quoted, struct error *e);

int64_t params_int(const struct params *p, const char *name);
double params_float(const struct params *p, const char *name);
bool params_bool(const struct params *p, const char *name);
const char *params_text(const struct params *p, const char *name); /* TEXT, CHOICE and PATH */
size_t params_list(const struct params *p, const char *name, const char *const **items);

/* The section as it goes into the action key: without PARAM_PATH and not_in_key members. New reference. */
json_t *params_key(const struct params *p);
/* The section, complete. Borrowed. */
const json_t *params_json(const struct params *p);
/* The table as JSON schema-like description, for --describe: [{"name":...,"type":...,...},...]. New
 * reference. */
json_t *params_describe(const struct param *table);

#endif
