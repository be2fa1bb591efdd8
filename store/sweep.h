/*
 * Finding what no run needs. Kept are the artifacts that an .id file of a run names, those they were made of
 * (by the action entries, back to the first), and everything used or made within the grace time.
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
