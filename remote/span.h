/*
 * A span is a run of a table's records, the unit in which an artifact travels; its bytes (remote/stream.h)
 * are one segment, cas/<SHA-256 of them>, or, of a record that is larger than a segment may be, several.
 *
 * Where a table is cut follows from its records alone, so that equal records lie in equal segments whoever
 * sends them: with `average` = 1/256 of the table's bytes, rounded up to a power of two, from 64 KiB to 4
 * MiB, a span ends behind a record
 *	- if it has average/4 bytes or more and the record's leaf digest, its first 8 bytes as a big-endian
 *	  number, is less than the record's bytes * 2^64 / average, or
 *	- if the next record would make it longer than 4 * average (so a span of several has 16 MiB at most).
 * A changed record changes the span it is in, and at most those up to the next cut that stays.
 *
 *	struct span *spans;
 *	size_t n;
 *	if (span_cut(&spans, &n, artifact, "signal", &e) < 0) ...
 */
#ifndef REMOTE_SPAN_H
#define REMOTE_SPAN_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "store/artifact.h"
#include "store/digest.h"

#define SPAN_MOST    ((uint64_t)16 << 20) /* bytes of a span of several records, and of a segment */
#define SPAN_SEGMENT ((uint64_t)8 << 20)  /* pieces of a larger record */

struct span {
	uint64_t first, n_records; /* number of its first record in the table; 1 or more */
	uint64_t n_bytes;	   /* of its stream */
	uint8_t *key;		   /* of its first record */
	size_t key_bytes;
	struct digest *cover;	/* cover_count(first, n_records) digests */
	struct digest *segment; /* span_segments() digests; NULL: not known yet */
};

/* Bytes at which a table of this size is cut on average. */
uint64_t span_average(uint64_t table_bytes);

/* Cut a table, without its values being read: *spans gets n of them, covers filled. 0, or -1 with e filled:
 * the object is damaged. */
int span_cut(struct span **spans, size_t *n, const struct artifact *a, const char *table, struct error *e);

/* How many segments its bytes are, and how many bytes the i-th has. */
size_t span_segments(const struct span *s);
size_t span_segment_bytes(const struct span *s, size_t i);

void span_free(struct span *spans, size_t n);

#endif
