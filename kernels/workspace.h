/*
 * Scratch memory of the kernels that is kept from call to call: it grows when a larger shape comes and never
 * shrinks, so a steady training step allocates nothing. 64-byte aligned, contents undefined.
 *
 *	float *packed = workspace_shared(WORKSPACE_PACK, n_floats);     // for all threads together
 *	workspace_reserve(WORKSPACE_TILE, n_floats);                     // for each thread, before pool_run
 *	float *mine = workspace_thread(WORKSPACE_TILE);                  // in a task
 *
 * Memory is borrowed until the same slot is asked for again. Dies when memory is out. Only workspace_thread
 * may be called from inside a pool task: then no allocation depends on which thread got which task.
 */
#ifndef KERNELS_WORKSPACE_H
#define KERNELS_WORKSPACE_H

#include <stddef.h>

enum workspace_slot { WORKSPACE_PACK, WORKSPACE_PACK_A, WORKSPACE_PARTIAL, WORKSPACE_TILE, WORKSPACE_SLOTS };

float *workspace_shared(enum workspace_slot slot, size_t n_floats);
void workspace_reserve(enum workspace_slot slot, size_t n_floats);
float *workspace_thread(enum workspace_slot slot);

/* How often a buffer had to grow since the program started: constant over a steady step (tests). */
unsigned long workspace_growths(void);

/* Zeroed memory on a 64-byte boundary; free with free(). Dies when memory is out. */
void *workspace_alloc(size_t n_bytes);

/* How much of it there is: SIZE_MAX, for only the system knows. */
size_t workspace_room(void);

#endif
