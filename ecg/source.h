/*
 * A dataset as files by name, whether it lies in a folder or in a zip file: what is read is the same, so what
 * is made of it is.
 *
 *	struct source *s = source_open("ptb-xl.zip", (const char *[]){"ptbxl_database.csv", NULL}, ".store/tmp", &e);
 *	source_gather(s, wants, context, &e); // zip: one pass, chosen files to a nameless scratch file
 *	source_read(s, "ptbxl_database.csv", &bytes, &n, 1 << 28, &e);
 *	source_close(s);
 *
 * The dataset's root is the folder that holds the marker: the given place itself, or the only one inside it that does.
 */
#ifndef ECG_SOURCE_H
#define ECG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

struct source;

/* path: a folder or a zip file; tables: names in the root, NULL-terminated, the first of them the marker, a file every
 * such dataset has; those that are there can be read at once. scratch: a folder for a zip's scratch file. NULL with e
 * filled. */
struct source *source_open(const char *path, const char *const tables[], const char *scratch,
			   struct error *e);
void source_close(struct source *s);

/* Make the files that wants() names readable; a folder's files always are. May be called again for others. */
int source_gather(struct source *s, bool (*wants)(void *context, const char *name), void *context,
		  struct error *e);

bool source_is_zip(const struct source *s);

/* The dataset's root, a folder of the file system; NULL for a zip. Borrowed. */
const char *source_folder(const struct source *s);

/* Whether source_read will find a file of this name. */
bool source_has(const struct source *s, const char *name);

/* A whole file of at most max bytes; yours to free (a NUL follows the last byte). */
int source_read(const struct source *s, const char *name, char **bytes, size_t *n_bytes, size_t max,
		struct error *e);

#endif
