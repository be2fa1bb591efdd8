#include "onnx/protobuf.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"

enum wire { WIRE_VARINT = 0, WIRE_LENGTH = 2, WIRE_FIXED32 = 5 };

static void add(struct protobuf *m, const void *bytes, size_t n)
{
	if (n > m->room - m->n) {
		m->room = 2 * m->room + n + 64;
		m->bytes = die_realloc(m->bytes, m->room);
	}
	if (n)
		memcpy(m->bytes + m->n, bytes, n);
	m->n += n;
}

/* Seven bits a byte, the lowest first; the eighth says that more follow. */
static void add_varint(struct protobuf *m, uint64_t x)
{
	do {
		uint8_t byte = (uint8_t)(x & 0x7f);
		x >>= 7;
		byte |= x ? 0x80 : 0;
		add(m, &byte, 1);
	} while (x);
}

static void add_tag(struct protobuf *m, int field, enum wire wire)
{
	add_varint(m, (uint64_t)field << 3 | (uint64_t)wire);
}

void protobuf_integer(struct protobuf *m, int field, int64_t x)
{
	add_tag(m, field, WIRE_VARINT);
	add_varint(m, (uint64_t)x);
}

void protobuf_float(struct protobuf *m, int field, float x)
{
	add_tag(m, field, WIRE_FIXED32);
	add(m, &x, sizeof x);
}

void protobuf_bytes(struct protobuf *m, int field, const void *bytes, size_t n_bytes)
{
	add_tag(m, field, WIRE_LENGTH);
	add_varint(m, n_bytes);
	add(m, bytes, n_bytes);
}

void protobuf_text(struct protobuf *m, int field, const char *text)
{
	protobuf_bytes(m, field, text, strlen(text));
}

void protobuf_message(struct protobuf *m, int field, struct protobuf *inner)
{
	protobuf_bytes(m, field, inner->bytes, inner->n);
	protobuf_release(inner);
}

void protobuf_join(struct protobuf *m, struct protobuf *other)
{
	add(m, other->bytes, other->n);
	protobuf_release(other);
}

void protobuf_release(struct protobuf *m)
{
	free(m->bytes);
	*m = (struct protobuf){0};
}
