/*
 * What an artifact holds, for people: its header, tables and first records.
 */
#ifndef STORE_SHOW_H
#define STORE_SHOW_H

#include <stdio.h>

#include "store/artifact.h"

/* Attributes, tables with their counts, bytes and roots, and n_records of each table. */
void show_artifact(FILE *out, const struct artifact *a, int n_records);

/* "12.3 MB"; text is overwritten by the next call. */
const char *show_size(char text[16], unsigned long long n_bytes);

#endif
