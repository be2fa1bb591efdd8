/*
 * What differs between two artifacts and how they were made.
 */
#ifndef STORE_COMPARE_H
#define STORE_COMPARE_H

#include <stdio.h>

#include "store/artifact.h"
#include "store/lineage.h"

/* Print the differing fields of their actions, headers and tables, and of each table the first n_records
 * records that differ. Returns whether anything differs. */
bool compare_artifacts(FILE *out, const struct artifact *a, const struct artifact *b, const struct lineage *l,
		       int n_records);

#endif
