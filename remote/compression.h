/*
 * How content travels: as it is, or as one Zstandard frame that says its length. A name in cas/ is always the
 * SHA-256 of the plain bytes, so it depends on no version of the compressor. What begins as a frame does is
 * one: content that begins so itself (a piece of a large value may) is always sent as a frame.
 *
 *	struct compression *c = compression_open(false);               // of one thread
 *	compression_shrink(c, &body, bytes, n);                        // body: what to send
 *	if (compression_restore(c, &plain, body.first, body.n, max, &e) < 0) ...
 *	compression_close(c);
 */
#ifndef REMOTE_COMPRESSION_H
#define REMOTE_COMPRESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "store/bytes.h"

/* Of so many bytes one sees whether the rest is worth the work. */
#define COMPRESSION_SAMPLE ((size_t)64 << 10)

struct compression;

/* is_hasty: for a way that is quicker than thorough work is. */
struct compression *compression_open(bool is_hasty);
void compression_close(struct compression *c);

/* What compressing takes off the middle COMPRESSION_SAMPLE of n bytes, which are at least so many, as a
 * share; 0: not a sixteenth. Behind what is in body there is rubbish afterwards. */
double compression_sample(struct compression *c, struct bytes *body, const void *bytes, size_t n);
/* Append to body the bytes, compressed if that takes a sixteenth off, or if they begin as a frame does. */
void compression_shrink(struct compression *c, struct bytes *body, const void *bytes, size_t n);

/* Whether a body is compressed. */
bool compression_is_frame(const void *body, size_t n);
/* Append to plain what a body stands for: 0, or -1 with e filled: no sound frame, or more than max bytes. No
 * more than max bytes are ever asked for. */
int compression_restore(struct compression *c, struct bytes *plain, const void *body, size_t n, size_t max,
			struct error *e);
/* The most bytes that a body of so much content has. */
size_t compression_most(size_t n_plain);

#endif
