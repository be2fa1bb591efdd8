#include "remote/bazel.h"

#include <stdint.h>

#define STDOUT_RAW 5

enum wire { VARINT, EIGHT_BYTES, BYTES, FOUR_BYTES = 5 };

struct reader {
	const uint8_t *at, *end;
};

static void add_varint(struct bytes *out, uint64_t x)
{
	while (x >= 128) {
		bytes_number(out, (x & 127) | 128, 1);
		x >>= 7;
	}
	bytes_number(out, x, 1);
}

void bazel_wrap(struct bytes *out, const void *bytes, size_t n)
{
	add_varint(out, STDOUT_RAW << 3 | BYTES);
	add_varint(out, n);
	bytes_add(out, bytes, n);
}

static int read_varint(struct reader *r, uint64_t *x)
{
	*x = 0;
	for (int shift = 0; shift < 64 && r->at < r->end; shift += 7) {
		uint8_t byte = *r->at++;
		*x |= (uint64_t)(byte & 127) << shift;
		if (byte < 128)
			return 0;
	}
	return -1;
}

/* Bytes of a field's value, whatever it is; its length is taken off where it has one. */
static int read_length(struct reader *r, enum wire wire, uint64_t *n)
{
	const uint8_t *value = r->at;
	uint64_t ignored;
	switch (wire) {
	case VARINT:
		if (read_varint(r, &ignored) < 0)
			return -1;
		*n = (uint64_t)(r->at - value);
		r->at = value;
		return 0;
	case BYTES:
		if (read_varint(r, n) < 0)
			return -1;
		break;
	case EIGHT_BYTES:
		*n = 8;
		break;
	case FOUR_BYTES:
		*n = 4;
		break;
	default:
		return -1;
	}
	return *n <= (uint64_t)(r->end - r->at) ? 0 : -1;
}

int bazel_unwrap(struct bytes *out, const void *message, size_t n_message, struct error *e)
{
	struct reader r = {message, (const uint8_t *)message + n_message};
	const uint8_t *found = NULL;
	size_t n_found = 0;

	while (r.at < r.end) {
		uint64_t tag, n;
		if (read_varint(&r, &tag) < 0 || read_length(&r, (enum wire)(tag & 7), &n) < 0)
			return error_set(e, NULL, 0, "the entry is no ActionResult as Bazel's caches hold");
		if (tag == (STDOUT_RAW << 3 | BYTES)) { /* of several the last counts */
			found = r.at;
			n_found = n;
		}
		r.at += n;
	}

	if (!n_found)
		return error_set(e, NULL, 0, "the entry is an ActionResult of something else");
	bytes_add(out, found, n_found);
	return 0;
}
