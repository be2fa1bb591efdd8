/*
 * An artifact's header as it comes from a remote (docs/artifact.md, The id): bytes that hash to the id, but
 * that anybody may have written. What is read here is exactly what an artifact_writer writes again.
 *
 *	struct header h;
 *	if (header_read(&h, id, bytes, n_bytes, &e) < 0) ...
 *	struct artifact_writer *w = header_writer(&h);      // tables 0..h.n_tables-1
 *	header_release(&h);
 */
#ifndef REMOTE_HEADER_H
#define REMOTE_HEADER_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "store/artifact.h"
#include "store/artifact_layout.h"
#include "store/digest.h"

#define HEADER_MOST ((size_t)4 << 20) /* bytes */

struct header_table {
	const char *name; /* borrowed from the header: 1 to 64 letters, digits, and . _ - */
	uint64_t count, n_bytes;
	struct digest root;
};

struct header {
	char id[DIGEST_HEX];
	json_t *json;
	const char *kind; /* borrowed from it */
	int schema;
	struct header_table table[ARTIFACT_MAX_TABLES];
	int n_tables;
};

/* 0, or -1 with e filled. h is to be released either way. */
int header_read(struct header *h, const char *id, const char *bytes, size_t n_bytes, struct error *e);
void header_release(struct header *h);

/* An artifact of this kind, these attributes and tables, still empty. */
struct artifact_writer *header_writer(const struct header *h);
/* The same without tables. */
struct artifact_writer *header_empty_writer(const struct header *h);
/* Bytes of all its records as streams (remote/stream.h). */
uint64_t header_bytes(const struct header *h);
/* The table of that name, or NULL. */
const struct header_table *header_find(const struct header *h, const char *table);

#endif
