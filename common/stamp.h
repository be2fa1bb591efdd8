/*
 * Stamps that Make can trust. A stamp says "everything read was read after T0", where T0 comes from the clock
 * of the file system that holds the stamp. A file edited while we work gets a later time than T0, so the next
 * make sees it; stamping the time of the end would lose that edit for good.
 *
 *	struct stamp t0;
 *	stamp_begin(&t0, "build/runs/default", &e);     // only now read inputs
 *	...
 *	stamp_end(&t0, "build/runs/default/probe.stamp", "", &e);   // last of all
 */
#ifndef COMMON_STAMP_H
#define COMMON_STAMP_H

#include <time.h>

#include "common/error.h"

struct stamp {
	struct timespec t0;
};

/* Take T0 in folder and wait until both its clock and ours have moved on (one tick, 0.1-10 ms; 2 s on file
 * systems that keep whole seconds). 0, or -1 with e filled. */
int stamp_begin(struct stamp *s, const char *folder, struct error *e);

/* Make path a file of this text whose mtime is T0, in one step. The text may say what was left beside the
 * stamp, so that a later edit of that is noticed; then a stamp of the same text that another process, which
 * began later, has left stays: of two makes at once the one that ends last may have begun before the other
 * cut the slices anew. 0, or -1 with e filled. */
int stamp_end(const struct stamp *s, const char *path, const char *text, struct error *e);

#endif
