/*
 * Which artifacts of the store somebody needs (store/sweep.h says who), and why.
 *
 *	struct needed *n = needed_find(runs, grace_s, true);
 *	const char *why = needed_why(n, id);            // NULL: nobody needs it
 *	needed_free(n);
 */
#ifndef STORE_NEEDED_H
#define STORE_NEEDED_H

#include <stdbool.h>

#include "store/lineage.h"

struct needed;

/* Look at all there is now. runs: NULL-terminated. Where it cannot be told what is needed, because a note, a
 * pin, a folder of runs or an action entry cannot be read, it dies, saying which; or only warns unless
 * is_strict. */
struct needed *needed_find(const char *const *runs, double grace_s, bool is_strict);
void needed_free(struct needed *n);

/* "run default/probe", "pin", "a running stage", "recent use"; of what it was made of the same with "for ".
 * Borrowed. */
const char *needed_why(const struct needed *n, const char *id);

/* Whether the stage with this action key runs now, here or on another host. */
bool needed_runs(const struct needed *n, const char *key);

/* The entries as they were then. */
const struct lineage *needed_lineage(const struct needed *n);

#endif
