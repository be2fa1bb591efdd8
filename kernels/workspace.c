#include "kernels/workspace.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/die.h"
#include "common/pool.h"

struct buffer {
	float *p;
	size_t n;
};

/* Columns of a matrix lie on another page in every row; with 4 KiB pages each is a miss in
 * the first-level TLB. */
enum { HUGE_PAGE = 2 << 20 };

enum { MAX_THREADS = 1024 }; /* as common/pool.c */
static struct buffer shared[WORKSPACE_SLOTS], of_thread[MAX_THREADS][WORKSPACE_SLOTS];
static unsigned long n_growths;

void *workspace_alloc(size_t n_bytes)
{
	size_t unit = n_bytes < HUGE_PAGE ? 64 : HUGE_PAGE, rounded = (n_bytes + unit - 1) / unit * unit;
	void *p = rounded < n_bytes ? NULL : aligned_alloc(unit, rounded ? rounded : unit);
	if (!p)
		die("out of memory: %zu bytes for arrays; make pretrain.batch or pretrain.model smaller",
		    n_bytes);
	if (unit == HUGE_PAGE)
		madvise(p, rounded, MADV_HUGEPAGE); /* only for speed: it may be refused */
	return memset(p, 0, rounded);
}

static float *grown(struct buffer *b, size_t n_floats)
{
	if (n_floats > b->n) {
		free(b->p);
		b->p = workspace_alloc(n_floats * sizeof(float));
		b->n = n_floats;
		n_growths++;
	}
	return b->p;
}

float *workspace_shared(enum workspace_slot slot, size_t n_floats)
{
	return grown(&shared[slot], n_floats);
}

void workspace_reserve(enum workspace_slot slot, size_t n_floats)
{
	for (int i = 0; i < pool_threads(); i++)
		grown(&of_thread[i][slot], n_floats);
}

float *workspace_thread(enum workspace_slot slot)
{
	return of_thread[pool_self()][slot].p;
}

unsigned long workspace_growths(void)
{
	return n_growths;
}

size_t workspace_room(void)
{
	return SIZE_MAX;
}
