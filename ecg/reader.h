/*
 * Bytes that come piece by piece, so that a table need not fit into memory.
 *
 *	struct reader_bytes b = {text, strlen(text)};
 *	struct csv *c = csv_open("labels.csv", reader_of_bytes(&b), &e);
 */
#ifndef ECG_READER_H
#define ECG_READER_H

#include <stddef.h>

#include "common/error.h"

struct reader {
	/* The next at most n bytes: how many, 0 at the end, -1 with e filled. */
	long (*read)(void *context, void *bytes, size_t n, struct error *e);
	void *context;
};

/* Bytes in memory, for readers of them. */
struct reader_bytes {
	const char *at;
	size_t n_left;
	size_t n_most; /* at once; 0: all */
};
struct reader reader_of_bytes(struct reader_bytes *b);

#endif
