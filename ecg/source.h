/*
 * A dataset as files by name, whether it lies in a folder or in a zip file: what is read is the same, so what
 * is made of it is.
 *
 *	struct source *s = source_open("ptb-xl.zip", "ptbxl_database.csv", &e);
 *	source_read(s, "records100/00000/00001_lr.hea", &bytes, &n, 1 << 16, &e);
 *	source_close(s);
 *
 * The dataset's root is the folder that holds the marker: the given place itself, or the only one inside it
 * that does. Files may be read by several threads at once. What no one asks for does not matter, whatever it
 * is.
 */
#ifndef ECG_SOURCE_H
#define ECG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

struct source;

/* path: a folder or a zip file; marker: a file every such dataset has, in its root. NULL with e filled. */
struct source *source_open(const char *path, const char *marker, struct error *e);
void source_close(struct source *s);

/* The dataset's root, a folder of the file system; NULL for a zip. Borrowed. */
const char *source_folder(const struct source *s);

/* Whether there is a file of this name. */
bool source_has(const struct source *s, const char *name);

/* A whole file of at most max bytes; yours to free (a NUL follows the last byte). What is larger is refused
 * by what the folder or the zip's directory says, before anything of it is read. */
int source_read(const struct source *s, const char *name, char **bytes, size_t *n_bytes, size_t max,
		struct error *e);

/* The same piece by piece. */
struct source_file;

/* name is borrowed until source_file_close. NULL with e filled if it is not there or no regular file. */
struct source_file *source_file_open(const struct source *s, const char *name, struct error *e);
void source_file_close(struct source_file *f);
/* Its size as the folder or the zip's directory says it. */
uint64_t source_file_bytes(const struct source_file *f);
/* The next at most n bytes: how many, 0 at the end, -1 with e filled. Never more bytes in all than
 * source_file_bytes. */
long source_file_read(struct source_file *f, void *bytes, size_t n, struct error *e);

#endif
