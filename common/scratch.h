/*
 * Memory for arrays that may be larger than the machine's: a large one lies in a nameless file of $TMPDIR
 * (/var/tmp), mapped, so that the system writes out what it has no room for instead of ending the program.
 * Small ones are ordinary memory.
 *
 *	double *x = scratch_new(n * sizeof *x);
 *	scratch_free(x, n * sizeof *x);
 *
 * Dies if the disk has no room: at once, never at a later access.
 */
#ifndef COMMON_SCRATCH_H
#define COMMON_SCRATCH_H

#include <stddef.h>

#define SCRATCH_FROM ((size_t)4 << 20) /* bytes from which on an array lies in a file */

/* Zeros, 64-byte aligned. n_bytes is at least 1. */
void *scratch_new(size_t n_bytes);
/* With the n_bytes it was made with; NULL is allowed. */
void scratch_free(void *x, size_t n_bytes);

#endif
