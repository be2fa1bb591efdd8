/*
 * Tar files (POSIX ustar) of plain files in the order of their names, the same bytes for the same content:
 * mode 0644, owner 0, time 0. The reader takes what the writer writes and refuses everything else; a tar from
 * elsewhere may hold anything.
 *
 *	struct bytes b = {0};
 *	tar_add(&b, "bundle/README.md", text, n);          // names ascend
 *	tar_end(&b);
 *
 *	struct tar t = tar_open(b.first, b.n, "x.tar");
 *	struct tar_member m;
 *	while ((status = tar_next(&t, &m, &e)) > 0)        // m.name, m.bytes: borrowed from what was opened
 */
#ifndef AUDIT_TAR_H
#define AUDIT_TAR_H

#include <stddef.h>

#include "common/error.h"
#include "store/bytes.h"

enum { TAR_NAME = 101 }; /* longest name with its NUL */

/* name: at most 100 letters, digits and ._-@+/, relative, no part of it empty or of dots only; greater than
 * the name before (strcmp). Anything else is a BUG. */
void tar_add(struct bytes *b, const char *name, const void *bytes, size_t n_bytes);
void tar_end(struct bytes *b);

struct tar {
	const char *bytes, *path; /* path: for messages */
	size_t n_bytes, at;
	char last[TAR_NAME]; /* the name before */
};

struct tar_member {
	char name[TAR_NAME];
	const char *bytes;
	size_t n_bytes;
};

struct tar tar_open(const void *bytes, size_t n_bytes, const char *path);
/* 1; 0 at the end; -1 with e filled: not a tar, cut short, a member that is no plain file (a link, a folder,
 * a device), a name that leads elsewhere, names that do not ascend, a wrong checksum, bytes after the end. */
int tar_next(struct tar *t, struct tar_member *m, struct error *e);

/* Whether a name is of the form above. */
int tar_is_name(const char *name);

#endif
