#include "model/arena.h"

enum { ALIGN = 64 };

void *arena_take(struct arena *a, size_t n_bytes)
{
	size_t at = a->used;
	a->used += (n_bytes + ALIGN - 1) / ALIGN * ALIGN;
	if (a->used > a->peak)
		a->peak = a->used;
	return a->base ? a->base + at : NULL;
}

float *arena_floats(struct arena *a, size_t n)
{
	return arena_take(a, n * sizeof(float));
}

size_t arena_mark(const struct arena *a)
{
	return a->used;
}

void arena_back(struct arena *a, size_t mark)
{
	a->used = mark;
}
