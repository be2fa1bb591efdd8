/*
 * What one parameter may hold. The table of struct param is the schema of a section; here a text becomes a
 * checked value, a value is checked, and the table becomes JSON (`<stage> --describe`) and back, so that the
 * splitter (tools/params/params.c) checks a file against every stage without linking one.
 *
 *	struct place at = {"params/ptbxl.yaml", 12, "pretrain"};
 *	json_t *v = schema_value(param, "0,1", false, &at, &e);
 *	// NULL: "params/ptbxl.yaml:12: pretrain.temperature: expected a number from 0.01 to 10, got '0,1'"
 *
 * What a text may look like: common/scalar.h.
 */
#ifndef COMMON_SCHEMA_H
#define COMMON_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>

#include "common/error.h"
#include "common/params.h"

/* Where a value stands, for messages: "file:line: section.name: ..."; line 0 and section
 * NULL are left out. */
struct place {
	const char *file;
	long line;
	const char *section;
};

/* The value of a scalar as written in YAML; is_quoted: it stood in quotes, so it can only be text. A
 * PARAM_LIST takes "[a, b]". Returns a new reference, or NULL with e filled. */
json_t *schema_value(const struct param *p, const char *text, bool is_quoted, const struct place *at,
		     struct error *e);

/* Check a value that is already JSON: 0, or -1 with e filled. Numbers of a PARAM_FLOAT may
 * be JSON integers. */
int schema_check(const struct param *p, const json_t *value, const struct place *at, struct error *e);

/* Whether text may stand in a PARAM_LIST, which may have choices too: 0, or -1 with e filled. */
int schema_check_item(const struct param *p, const char *text, const struct place *at, struct error *e);

/* The entry of that name, or NULL. */
const struct param *schema_find(const struct param *table, const char *name);
/* The same, but NULL for one that is given in another section. */
const struct param *schema_find_own(const struct param *table, const char *name);

/* Add the default of every entry that section lacks; -1 with e filled if one that has no
 * default is absent. */
int schema_fill(const struct param *table, json_t *section, const struct place *at, struct error *e);

/* The table as a JSON array of
 * {"name","type","unit","min","max","choices","default","help","in_key","section"}; new reference. */
json_t *schema_describe(const struct param *table);

/* The table as lines for --help: name, meaning, what it takes, its default. Yours to free. */
char *schema_help(const struct param *table, const char *section);

/* The inverse. Returns a table that borrows texts from description (free it with schema_free, before
 * description), or NULL with e filled; name stands for the file in messages. */
struct param *schema_read(const json_t *description, const char *name, struct error *e);
void schema_free(struct param *table);

#endif
