/*
 * Strict YAML, the part of it that a params file needs: mappings of plain keys, lists, scalars on one
 * line, comments. Refused with file and line: anchors, aliases, tags, directives, several documents,
 * block scalars, scalars over several lines, duplicate keys, tabs in the indentation, NUL, bad UTF-8,
 * more than YAML_MAX_DEPTH levels, YAML_MAX_MEMBERS members or YAML_MAX_BYTES bytes. Built on libyaml's
 * events: its document API hides anchors and tags. Nothing here guesses a type; a scalar is its text and
 * whether it stood in quotes.
 *
 *	struct yaml *y = yaml_open("params/ptbxl.yaml", &e);  // NULL: e says file, line and what to do
 *	for (const struct yaml_value *v = yaml_root(y)->first; v; v = v->next)
 *		... v->key, v->line, v->kind ...
 *	yaml_close(y);
 */
#ifndef COMMON_YAML_H
#define COMMON_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

enum { YAML_MAX_BYTES = 256 * 1024, YAML_MAX_DEPTH = 8, YAML_MAX_MEMBERS = 1000 };

struct yaml_value {
	enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP } kind;
	long line;	/* of its key, or of itself in a list; from 1 */
	char *key;	/* its name in the mapping that holds it; NULL: an item of a list, or the root */
	char *text;	/* of a scalar: UTF-8 without NUL; an absent value is the empty text */
	bool is_quoted; /* of a scalar: it stood in quotes */
	struct yaml_value *first; /* of a list or mapping: its members in the order of the file */
	struct yaml_value *next;  /* of the list or mapping that holds it */
};

struct yaml;

/* NULL with e filled on anything wrong. name stands for the file in messages. */
struct yaml *yaml_open(const char *path, struct error *e);
struct yaml *yaml_parse(const char *text, size_t n_bytes, const char *name, struct error *e);
void yaml_close(struct yaml *y);

/* The file's mapping (without members if the file is empty). Borrowed until yaml_close. */
const struct yaml_value *yaml_root(const struct yaml *y);

#endif
