/*
 * Removing files of the store, or listing what would go: a line each, and at the end the sum. Links are
 * removed themselves; what they lead to stays.
 *
 *	struct removal r = {.out = stdout, .is_delete = is_delete};
 *	removal_file(&r, "object", path);
 *	removal_tree(&r, "checkpoint", folder);
 *	removal_sum(&r, "'store gc --delete' does it");
 */
#ifndef STORE_REMOVAL_H
#define STORE_REMOVAL_H

#include <stdbool.h>
#include <stdio.h>

struct removal {
	FILE *out;
	bool is_delete; /* else only list */
	unsigned long long n_files, n_bytes;
};

/* A file or an empty folder; `what` stands before it in its line. What is not there is passed over. Dies if
 * it cannot be removed. */
void removal_file(struct removal *r, const char *what, const char *path);

/* A folder and all that is in it. */
void removal_tree(struct removal *r, const char *what, const char *folder);

/* "3 files, 1.2 MB removed", or "... would be removed; <how>". */
void removal_sum(const struct removal *r, const char *how);

#endif
