/*
 * The objects of the store as a list, the newest first: id, kind, stage, records, size, last use, and the
 * runs and arms that name it.
 */
#ifndef STORE_LIST_H
#define STORE_LIST_H

#include <stdio.h>

/* runs: folders of runs (store/runs.h), NULL-terminated; one that cannot be read names nothing, with a
 * warning. */
void list_objects(FILE *out, const char *const *runs);

#endif
