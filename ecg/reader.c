#include "ecg/reader.h"

#include <string.h>

static long read_bytes(void *context, void *bytes, size_t n, struct error *e)
{
	struct reader_bytes *b = context;
	(void)e;
	n = n < b->n_left ? n : b->n_left;
	n = b->n_most && b->n_most < n ? b->n_most : n;
	if (n)
		memcpy(bytes, b->at, n);
	b->at += n;
	b->n_left -= n;
	return (long)n;
}

struct reader reader_of_bytes(struct reader_bytes *b)
{
	return (struct reader){read_bytes, b};
}
