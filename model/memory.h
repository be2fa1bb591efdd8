/*
 * How much of a device's memory something takes, known before it takes any: it is made once with operations
 * that only count. What passes over a batch in pieces, with the same numbers, is given smaller ones until it
 * fits.
 *
 *	struct memory_need need = contrast_need(&settings);
 *	if (memory_fit(ops, &need) < 0) die("needs %zu bytes", need.n_bytes);
 */
#ifndef MODEL_MEMORY_H
#define MODEL_MEMORY_H

#include <stddef.h>

#include "kernels/ops.h"

struct memory_need {
	/* Makes it with these operations and lets it go. Of them alloc, release, upload and zero may be
	 * called; what alloc gives is no memory. */
	void (*make)(const struct ops *ops, const void *settings);
	const void *settings;
	int *micro_batch; /* of settings: views of a piece, 0: all of them. NULL: not to be changed */
	int n_views;	  /* this process has of a batch at most */
	size_t n_bytes;	  /* out: ops memory it takes; 0 if nobody had to count */
};

/* Counts n_bytes. One at a time. */
void memory_count(const struct ops *ops, struct memory_need *n);

/* Halves *micro_batch, to no less than a block of views (model/blocks.h), until n_bytes are there, but for a
 * sixteenth that is left to what operations need besides. 0, or -1 if they are not; where room is SIZE_MAX
 * nothing is done. */
int memory_fit(const struct ops *ops, struct memory_need *n);

#endif
