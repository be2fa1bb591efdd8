/*
 * A folder of files that appears whole or not at all: written beside its place, then renamed.
 *
 *	struct folder *f = folder_begin("x.crate", &e);
 *	folder_put(f, "headers/3fa9.json", text, n);
 *	status = folder_end(f, &e);        // or folder_drop(f)
 */
#ifndef AUDIT_FOLDER_H
#define AUDIT_FOLDER_H

#include <jansson.h>
#include <stddef.h>

#include "common/error.h"

struct folder;

/* NULL with e filled if there is something at path already. A slash at its end does not count. */
struct folder *folder_begin(const char *path, struct error *e);
/* name: relative, in at most one folder. Dies if it cannot be written. */
void folder_put(struct folder *f, const char *name, const void *bytes, size_t n_bytes);
/* The same of a JSON value, indented for people. */
void folder_put_json(struct folder *f, const char *name, const json_t *value);
/* 0, or -1 with e filled; frees f. */
int folder_end(struct folder *f, struct error *e);
void folder_drop(struct folder *f);

#endif
