/*
 * Pinning what a user names (store/pins.h): an artifact, or a run with all its stages and arms.
 *
 *	pinning_add(stdout, "default", runs, "paper, table 2");
 *	pinning_remove(stdout, "3fa9c1", runs);
 */
#ifndef STORE_PINNING_H
#define STORE_PINNING_H

#include <stdio.h>

/* name: a run in one of the folders of runs (NULL-terminated), or what objects_resolve takes. A line for
 * each; both die, saying why, if there is nothing to do: as where only others have pinned it. */
void pinning_add(FILE *out, const char *name, const char *const *runs, const char *note);
void pinning_remove(FILE *out, const char *name, const char *const *runs);

/* All pins: id, when, whose, note. */
void pinning_list(FILE *out);

#endif
