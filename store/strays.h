/*
 * What processes that were killed have left in the folders of runs: files in the making,
 * "<file>.<pid>-<start>-<n>@<host>.new" (common/owner.h), and those that versions before called
 * "<stage>.txt.<pid>" and ".t0-<pid>". Each stage removes those of dead processes of its host in its own
 * folder; this looks everywhere and also finds other hosts', a month old.
 *
 *	strays_in_runs(&removal, "build/runs");
 */
#ifndef STORE_STRAYS_H
#define STORE_STRAYS_H

#include <stdbool.h>

#include "store/removal.h"

/* Whether a file of this name is one that its process has left: path for its age. */
bool strays_is(const char *path, const char *name);

/* Remove, or list, what lies so in the folder and all below. */
void strays_in_runs(struct removal *r, const char *runs);

/* Remove a stamp <store>/used/ab/<id> of an object that is gone; for folder_each, context being a removal. */
void strays_used(const char *path, const char *name, void *context);

#endif
