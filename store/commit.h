/*
 * The git commit of the sources this program was built from, read from .git without running git. Only for provenance:
 * it is never in an action key.
 */
#ifndef STORE_COMMIT_H
#define STORE_COMMIT_H

#include <stdbool.h>

/* Look for a work tree of ours in the folders above the executable, then above the current one. commit gets 40 or 64
 * hex digits; false if there is none. */
bool commit_read(char commit[65]);
/* The same for the work tree at root. */
bool commit_of(char commit[65], const char *root);

#endif
