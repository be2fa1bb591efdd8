/*
 * How many of a stage's records may be left out: max_excluded, a share of all of them.
 *
 *	if (!share_allows(limit, n, n_all)) die("... %g would leave them out", share_least(n, n_all));
 */
#ifndef STAGES_SHARED_SHARE_H
#define STAGES_SHARED_SHARE_H

#include <stdbool.h>
#include <stddef.h>

static inline bool share_allows(double limit, size_t n, size_t n_all)
{
	return (double)n <= limit * (double)n_all;
}

/* The least limit, in steps of a ten thousandth, that allows n. */
static inline double share_least(size_t n, size_t n_all)
{
	int steps = 0;
	while (steps < 10000 && !share_allows(steps / 1e4, n, n_all))
		steps++;
	return steps / 1e4;
}

#endif
