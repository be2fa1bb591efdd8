/*
 * Rows of float32 features that need not lie in memory: read one by one, in passes.
 *
 *	struct rows r = rows_in_memory(x, n, d);
 *	float row[d];
 *	rows_read(&r, row, 17);
 */
#ifndef STATISTICS_ROWS_H
#define STATISTICS_ROWS_H

#include <stddef.h>

struct rows {
	size_t n;
	int d;
	/* Row i into out [d]. Called by one thread at a time. */
	void (*read)(const struct rows *r, float *out, size_t i);
	const void *context;
};

/* x [n][d], borrowed. */
struct rows rows_in_memory(const float *x, size_t n, int d);

static inline void rows_read(const struct rows *r, float *out, size_t i)
{
	r->read(r, out, i);
}

#endif
