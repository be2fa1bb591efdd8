/*
 * Messages in protobuf's wire format (protobuf.dev, "Encoding"), written field by field: as much of it as
 * ONNX takes. The same calls give the same bytes.
 *
 *	struct protobuf outer = {0}, inner = {0};
 *	protobuf_text(&inner, 1, "keep");
 *	protobuf_message(&outer, 7, &inner);    // inner is empty again
 *	... outer.bytes, outer.n ...
 *	protobuf_release(&outer);
 */
#ifndef ONNX_PROTOBUF_H
#define ONNX_PROTOBUF_H

#include <stddef.h>
#include <stdint.h>

struct protobuf {
	uint8_t *bytes;
	size_t n, room;
};

/* Add one field. Its number: 1 to 536870911, as the message's .proto says; a repeated field is so many calls.
 */
void protobuf_integer(struct protobuf *m, int field, int64_t x); /* int32, int64, enum */
void protobuf_float(struct protobuf *m, int field, float x);
void protobuf_bytes(struct protobuf *m, int field, const void *bytes, size_t n_bytes);
void protobuf_text(struct protobuf *m, int field, const char *text);
/* Moves what inner holds. */
void protobuf_message(struct protobuf *m, int field, struct protobuf *inner);

/* Add the fields of another message to those of m, and empty it. */
void protobuf_join(struct protobuf *m, struct protobuf *other);

void protobuf_release(struct protobuf *m);

#endif
