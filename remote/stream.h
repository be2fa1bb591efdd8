/*
 * Records as a stream of bytes, one behind the other:
 *	u32be key length | key | u64be value length | value
 * which is what a record's leaf digest hashes behind its 00 (docs/artifact.md). It is how records travel.
 *
 *	stream_add(&bytes, key, key_bytes, value, value_bytes);
 *
 *	struct stream s = {bytes, n_bytes};
 *	struct stream_record r;
 *	while ((status = stream_next(&s, &r, &e)) > 0) ... r.key, r.value ...
 */
#ifndef REMOTE_STREAM_H
#define REMOTE_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "store/bytes.h"
#include "store/digest.h"

#define STREAM_OVERHEAD 12 /* bytes of a record beside key and value */

struct stream {
	const uint8_t *at;
	size_t n_left;
};

struct stream_record {
	const uint8_t *key, *value; /* borrowed from the stream */
	size_t key_bytes, value_bytes;
};

void stream_add(struct bytes *b, const void *key, size_t key_bytes, const void *value, size_t value_bytes);

/* The same without the value, for who adds that piece by piece. */
void stream_begin(struct bytes *b, const void *key, size_t key_bytes, uint64_t value_bytes);

/* The next record: 1, 0 at the end, -1 with e filled: a length that is not legal or leads beyond the end. */
int stream_next(struct stream *s, struct stream_record *r, struct error *e);

/* What the leaf digest of a record is of that is so many bytes of a stream. */
struct digest_text stream_leaf(const void *bytes, size_t n_bytes);

#endif
