#include "remote/stream.h"

#include "store/artifact_layout.h"

static void put_number(uint8_t *to, uint64_t x, int n_bytes)
{
	for (int i = 0; i < n_bytes; i++)
		to[i] = (uint8_t)(x >> 8 * (n_bytes - 1 - i));
}

static uint64_t get_number(const uint8_t *from, int n_bytes)
{
	uint64_t x = 0;
	for (int i = 0; i < n_bytes; i++)
		x = x << 8 | from[i];
	return x;
}

void stream_begin(struct bytes *b, const void *key, size_t key_bytes, uint64_t value_bytes)
{
	uint8_t number[8];
	put_number(number, key_bytes, 4);
	bytes_add(b, number, 4);
	bytes_add(b, key, key_bytes);
	put_number(number, value_bytes, 8);
	bytes_add(b, number, 8);
}

void stream_add(struct bytes *b, const void *key, size_t key_bytes, const void *value, size_t value_bytes)
{
	stream_begin(b, key, key_bytes, value_bytes);
	bytes_add(b, value, value_bytes);
}

static int end_early(struct error *e)
{
	return error_set(e, NULL, 0, "the stream of records ends within a record");
}

int stream_next(struct stream *s, struct stream_record *r, struct error *e)
{
	if (!s->n_left)
		return 0;
	if (s->n_left < STREAM_OVERHEAD)
		return end_early(e);

	size_t key_bytes = get_number(s->at, 4), n_left = s->n_left - STREAM_OVERHEAD;
	if (key_bytes < 1 || key_bytes > ARTIFACT_MAX_KEY)
		return error_set(e, NULL, 0, "a key of %zu bytes (1 to %d are legal)", key_bytes,
				 ARTIFACT_MAX_KEY);
	if (key_bytes > n_left)
		return end_early(e);
	n_left -= key_bytes;

	uint64_t value_bytes = get_number(s->at + 4 + key_bytes, 8);
	if (value_bytes > n_left)
		return end_early(e);
	*r = (struct stream_record){s->at + 4, s->at + STREAM_OVERHEAD + key_bytes, key_bytes,
				    (size_t)value_bytes};
	s->at = r->value + value_bytes;
	s->n_left = n_left - (size_t)value_bytes;
	return 1;
}

struct digest_text stream_leaf(const void *bytes, size_t n_bytes)
{
	return (struct digest_text){"", 1, bytes, n_bytes};
}
