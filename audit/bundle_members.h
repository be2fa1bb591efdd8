/*
 * A bundle that was read, for the files of audit/bundle.h: its files by their names in the folder.
 *
 *	const struct tar_member *m = bundle_find(b, "headers/3fa9....json");    // NULL: there is none
 */
#ifndef AUDIT_BUNDLE_MEMBERS_H
#define AUDIT_BUNDLE_MEMBERS_H

#include <jansson.h>
#include <stddef.h>

#include "audit/tar.h"

#define BUNDLE_SUMS "SHA256SUMS"

struct bundle {
	char *own; /* the file's bytes, if we read it */
	const char *path;
	struct tar_member *members; /* names without the folder, ascending */
	size_t n;
	json_t *about; /* bundle.json */
};

/* Borrowed. */
const struct tar_member *bundle_find(const struct bundle *b, const char *name);

/* The name of a file in a folder without both and its suffix; "": it is not one. */
void bundle_stem(char stem[TAR_NAME], const struct tar_member *m, const char *folder, const char *suffix);

#endif
