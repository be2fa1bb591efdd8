/*
 * Bytes that grow as they are written.
 *
 *	struct bytes b = {0};
 *	bytes_text(&b, "PK");
 *	bytes_number(&b, 20, 2);
 *	... b.first, b.n ...
 *	free(b.first);
 */
#ifndef STORE_BYTES_H
#define STORE_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct bytes {
	char *first; /* yours to free */
	size_t n, room;
};

void bytes_add(struct bytes *b, const void *x, size_t n);
/* Make room for n bytes behind those there are, and no more than that. */
void bytes_reserve(struct bytes *b, size_t n);
void bytes_text(struct bytes *b, const char *text);
/* n_bytes of x, little-endian. */
void bytes_number(struct bytes *b, uint64_t x, int n_bytes);

#endif
