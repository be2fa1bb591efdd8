#include "ecg/texts.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"

#define BLOCK_BYTES 65536

struct texts_block {
	struct texts_block *before;
	size_t n, max;
	char bytes[];
};

static struct texts_block *add_block(struct texts *t, size_t needed)
{
	size_t max = needed > BLOCK_BYTES ? needed : BLOCK_BYTES;
	struct texts_block *b = die_malloc(sizeof *b + max);
	*b = (struct texts_block){.before = t->last, .max = max};
	return t->last = b;
}

const char *texts_keep(struct texts *t, const char *text)
{
	size_t n = strlen(text) + 1;
	struct texts_block *b = t->last;
	if (!b || b->max - b->n < n)
		b = add_block(t, n);
	char *copy = memcpy(b->bytes + b->n, text, n);
	b->n += n;
	return copy;
}

void texts_release(struct texts *t)
{
	for (struct texts_block *b = t->last, *before; b; b = before) {
		before = b->before;
		free(b);
	}
	t->last = NULL;
}
