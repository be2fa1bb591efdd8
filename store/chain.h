/*
 * Whether an artifact and everything it was made of is what it says: each object by its digests, each action
 * entry by its key, back to the stages that read no artifact; what those read is printed with its digest.
 */
#ifndef STORE_CHAIN_H
#define STORE_CHAIN_H

#include <stdio.h>

#include "store/lineage.h"

/* A line per artifact, the result first, and one on all. Returns how many objects are damaged or absent, and
 * entries damaged or absent. */
size_t chain_verify(FILE *out, const struct lineage *l, const char *id);

#endif
