/*
 * SHA-256 of bytes, of a stream of bytes, and of one record of a table (the leaf of its Merkle tree,
 * store/merkle.h).
 *
 *	struct digest d = digest_of(bytes, n_bytes);
 *	char hex[DIGEST_HEX];
 *	digest_hex(hex, &d);
 */
#ifndef STORE_DIGEST_H
#define STORE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_BYTES 32
#define DIGEST_HEX   65 /* 64 lower-case digits and a NUL */

struct digest {
	uint8_t bytes[DIGEST_BYTES];
};

struct digest_stream; /* SHA-256 over bytes as they come */

struct digest_stream *digest_open(void);
void digest_update(struct digest_stream *s, const void *bytes, size_t n_bytes);
/* Gives the digest and frees the stream. */
struct digest digest_close(struct digest_stream *s);

struct digest digest_of(const void *bytes, size_t n_bytes);
void digest_hex(char hex[DIGEST_HEX], const struct digest *d);
/* 0, or -1 if text is not 64 lower-case hex digits. */
int digest_parse(struct digest *d, const char *text);

/* head | body; borrowed. */
struct digest_text {
	const void *head; /* the few bytes that do not lie before the body in memory */
	size_t n_head;	  /* 0 to DIGEST_HEAD_MOST */
	const void *body;
	size_t n_body;
};

#define DIGEST_HEAD_MOST 576 /* enough for a leaf's lengths and key */

/* digests[i] is that of texts[i]. Two texts are read at a time where the processor has the instructions for
 * it (1.8 times as quick as one after the other), else one: put what shares its bytes side by side. Like
 * digest_of it may be left in the middle (store/guard.h). The first call compares both ways and dies if they
 * differ. */
void digest_of_many(struct digest *digests, const struct digest_text *texts, size_t n);

/* SHA-256(0x00 | u32be key length | key | u64be value length | value). */
struct digest digest_leaf(const void *key, size_t key_bytes, const void *value, size_t value_bytes);
/* The same as a text, for digest_of_many; its head is written to `head`. */
struct digest_text digest_leaf_text(uint8_t head[DIGEST_HEAD_MOST], const void *key, size_t key_bytes,
				    const void *value, size_t value_bytes);

#endif
