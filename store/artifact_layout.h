/*
 * What the writer and the reader of object files agree on: names of LMDB databases, limits, the order of
 * keys. The whole layout: docs/artifact.md.
 */
#ifndef STORE_ARTIFACT_LAYOUT_H
#define STORE_ARTIFACT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#define ARTIFACT_FORMAT	    "einthoven-artifact/1"
#define ARTIFACT_HEADER_KEY "header" /* in the unnamed database */
#define ARTIFACT_DATA	    "data/"  /* data/<table>: the records */
#define ARTIFACT_LEAF	    "leaf/"  /* leaf/<table>: the same keys -> leaf digests */
#define ARTIFACT_MAX_TABLES 16
#define ARTIFACT_MAX_KEY    511 /* LMDB's */

/* memcmp order, the shorter of two that begin alike first: LMDB's own. */
bool artifact_ascends(const void *before, size_t before_bytes, const void *after, size_t after_bytes);

#endif
