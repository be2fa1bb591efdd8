/*
 * Action entries that did not become the one of their action, because another result was there before
 * (store/action.h), as a list for people: what to look at is the stage, or who wrote the entry.
 */
#ifndef STORE_CONFLICTS_H
#define STORE_CONFLICTS_H

#include <stddef.h>
#include <stdio.h>

/* A paragraph for each action with conflicts: the result that holds, and the others with who said so and the
 * entry's file. Returns how many entries are in conflict; out may be NULL. */
size_t conflicts_list(FILE *out);

#endif
