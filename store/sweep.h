/*
 * Finding what nobody needs, in two steps: what is not needed goes into the trash (store/trash.h), and from
 * there for good once it has lain there for the grace time. Who asks for it meanwhile has it back.
 *
 * Needed are the artifacts that an .id file of the given runs names, that any run which uses the store has
 * noted (store/roots.h), that are pinned (store/pins.h), that a running stage reads (store/lock.h), and what
 * was made or used within the grace time; with each of them what it was made of, by the action entries, back
 * to the first.
 *
 * A stage that hits first notes its run, then looks whether the object is still in its place. This moves the
 * object first, then looks at the notes again, and only then removes: so one of the two sees the other.
 */
#ifndef STORE_SWEEP_H
#define STORE_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct sweep {
	const char *const *runs; /* folders of runs: <runs>/<name>/<stage>.id; NULL-terminated */
	double grace_s;
	bool is_delete; /* else only list */
};

/* Print each thing that is removed, or would be, and the sum. */
void sweep_store(FILE *out, const struct sweep *s);

#endif
