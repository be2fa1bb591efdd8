#include "store/bytes.h"

#include <string.h>

#include "common/die.h"

void bytes_add(struct bytes *b, const void *x, size_t n)
{
	if (b->n + n > b->room) {
		b->room = 2 * b->room + n + 4096;
		b->first = die_realloc(b->first, b->room);
	}
	if (n) /* of nothing there may be no memory */
		memcpy(b->first + b->n, x, n);
	b->n += n;
}

void bytes_reserve(struct bytes *b, size_t n)
{
	if (b->room - b->n >= n)
		return;
	b->room = b->n + n;
	b->first = die_realloc(b->first, b->room);
}

void bytes_text(struct bytes *b, const char *text)
{
	bytes_add(b, text, strlen(text));
}

void bytes_number(struct bytes *b, uint64_t x, int n_bytes)
{
	for (int i = 0; i < n_bytes; i++)
		bytes_add(b, &(uint8_t){(uint8_t)(x >> (8 * i))}, 1);
}
