/*
 * What stands for a run of a table's leaves in its Merkle tree (store/merkle.h): the roots of the largest
 * complete subtrees that the run consists of, left to right. At most two per level, so a run of some hundred
 * records takes a dozen digests; from the covers of runs that follow one another comes the table's root. So a
 * run can be checked against the root without the other records.
 *
 *	struct digest cover[COVER_MOST];
 *	size_t n = cover_of(cover, 17, leaves, 300);      // of leaves 17 to 316
 *	cover_add(&merkle, cover, 300);                   // as if the 300 leaves were added
 */
#ifndef REMOTE_COVER_H
#define REMOTE_COVER_H

#include <stddef.h>
#include <stdint.h>

#include "store/digest.h"
#include "store/merkle.h"

enum { COVER_MOST = 128 };

/* How many nodes cover n leaves from leaf `first` on. */
size_t cover_count(uint64_t first, uint64_t n);
/* Fill cover (room for cover_count) and return how many there are. */
size_t cover_of(struct digest *cover, uint64_t first, const struct digest *leaves, uint64_t n);
/* Add the n leaves that follow those in m. */
void cover_add(struct merkle *m, const struct digest *cover, uint64_t n);

#endif
