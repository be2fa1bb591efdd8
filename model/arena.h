/*
 * A stack of buffers in one block whose size is known before it is allocated: the same layout function runs
 * twice, first on an empty arena to learn the peak, then on one with memory.
 *
 *	struct arena a = {0};
 *	layout(&a);                       // pointers are NULL, a.peak is what it takes
 *	a = (struct arena){.base = ops->alloc(a.peak)};
 *	layout(&a);                       // pointers are real
 *
 * Buffers whose lives do not overlap share memory: mark, take, go back to the mark.
 */
#ifndef MODEL_ARENA_H
#define MODEL_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct arena {
	char *base; /* NULL: only count */
	size_t used, peak;
};

/* 64-byte aligned; NULL while only counting. */
void *arena_take(struct arena *a, size_t n_bytes);
float *arena_floats(struct arena *a, size_t n);

/* Everything taken since the mark may be taken again by what comes next. */
size_t arena_mark(const struct arena *a);
void arena_back(struct arena *a, size_t mark);

#endif
