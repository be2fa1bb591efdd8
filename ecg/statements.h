/*
 * Diagnostic statements (SCP-ECG codes) and what they mean for a record's label. The table is attribute
 * "statements" of `records`, `signals` and what is made of them:
 * {"IMI":{"class":"MI","diagnostic":true,"form":false,"rhythm":false,"subclass":"IMI"},...}; form, rhythm and
 * subclass may be absent, and class where diagnostic is false.
 *
 *	struct statements *s = statements_open(table, classes, &e);
 *	if (statements_label(s, codes, "record 17", &classes, bits, &e) < 0) ...
 *
 * Rule (docs/data.md): the superclasses of a record are the classes of all its diagnostic statements,
 * whatever their likelihood. Bit numbers of statements are their places in the sorted (bytewise) table.
 */
#ifndef ECG_STATEMENTS_H
#define ECG_STATEMENTS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

#define STATEMENTS_MAX	       128 /* bits of struct label's codes */
#define STATEMENTS_CLASSES_MAX 32  /* bits of struct label's classes */

/* What a statement speaks of; it may be several. */
enum statements_kind { STATEMENTS_DIAGNOSTIC = 1, STATEMENTS_FORM = 2, STATEMENTS_RHYTHM = 4 };

struct statements;

/* table and classes (an array of names, whose order numbers the bits) are only read here. NULL with e filled:
 * too many, wrong types, a diagnostic statement of a class that classes lacks. */
struct statements *statements_open(const json_t *table, const json_t *classes, struct error *e);
void statements_close(struct statements *s);

size_t statements_count(const struct statements *s);
/* Code behind bit i, borrowed; and its bit, or -1. */
const char *statements_name(const struct statements *s, size_t i);
int statements_find(const struct statements *s, const char *code);
/* Its kinds, or-ed, and its subclass, borrowed, "" if it has none. */
unsigned statements_kinds(const struct statements *s, size_t i);
const char *statements_subclass(const struct statements *s, size_t i);

/* From a record's codes {"NORM":100,...} to its superclass bits and statement bits. An unknown code is an
 * error naming it and the record (a name for messages). */
int statements_label(const struct statements *s, const json_t *codes, const char *record, uint32_t *classes,
		     uint64_t bits[2], struct error *e);

#endif
