#include "store/npz.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"

/* ---- zip ---- */

static uint32_t crc32_of(const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	uint32_t crc = UINT32_MAX;
	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (UINT32_C(0xedb88320) & -(crc & 1));
	}
	return ~crc;
}

/* What the local and the central header share; the date is 1980-01-01, the first there is. */
static void add_common(struct bytes *b, const struct bytes *data, uint32_t crc, size_t name_bytes)
{
	bytes_number(b, 20, 2);
	bytes_number(b, 0, 2);
	bytes_number(b, 0, 2);
	bytes_number(b, 0, 2);
	bytes_number(b, 1 << 5 | 1, 2);
	bytes_number(b, crc, 4);
	bytes_number(b, data->n, 4);
	bytes_number(b, data->n, 4);
	bytes_number(b, name_bytes, 2);
	bytes_number(b, 0, 2);
}

void npz_add(struct npz *z, const char *name, struct bytes *data)
{
	size_t at = z->file.n, n = strlen(name);
	uint32_t crc = crc32_of(data->first, data->n);

	bytes_text(&z->file, "PK\3\4");
	add_common(&z->file, data, crc, n);
	bytes_add(&z->file, name, n);
	bytes_add(&z->file, data->first, data->n);
	bytes_text(&z->directory, "PK\1\2");
	bytes_number(&z->directory, 20, 2);
	add_common(&z->directory, data, crc, n);
	bytes_number(&z->directory, 0, 2);
	bytes_number(&z->directory, 0, 4);
	bytes_number(&z->directory, 0, 4);
	bytes_number(&z->directory, at, 4);
	bytes_add(&z->directory, name, n);
	z->n++;
	free(data->first);
	*data = (struct bytes){0};
}

struct bytes npz_end(struct npz *z)
{
	size_t at = z->file.n, n = z->directory.n;
	bytes_add(&z->file, z->directory.first, n);
	bytes_text(&z->file, "PK\5\6");
	bytes_number(&z->file, 0, 4);
	bytes_number(&z->file, (uint64_t)z->n, 2);
	bytes_number(&z->file, (uint64_t)z->n, 2);
	bytes_number(&z->file, n, 4);
	bytes_number(&z->file, at, 4);
	bytes_number(&z->file, 0, 2);
	free(z->directory.first);
	return z->file;
}

/* ---- arrays ---- */

/* numpy's format 1.0: magic, length, a Python dict padded so that data starts at a multiple of 64. */
struct bytes npz_array(const char *dtype, uint64_t n, uint64_t width)
{
	struct bytes b = {0};
	char *shape =
		width ? die_printf("(%" PRIu64 ", %" PRIu64 ")", n, width) : die_printf("(%" PRIu64 ",)", n);
	const char *quote = *dtype == '[' ? "" : "'";
	char *dict = die_printf("{'descr': %s%s%s, 'fortran_order': False, 'shape': %s, }", quote, dtype,
				quote, shape);
	size_t length = (10 + strlen(dict) + 1 + 63) / 64 * 64 - 10;

	bytes_add(&b, "\x93NUMPY\1\0", 8);
	bytes_number(&b, length, 2);
	bytes_text(&b, dict);
	while (b.n < 10 + length - 1)
		bytes_text(&b, " ");
	bytes_text(&b, "\n");
	free(shape);
	free(dict);

	return b;
}

/* The code point that begins at *at, which moves behind it. */
static uint32_t code_point(const char **at)
{
	const uint8_t *c = (const uint8_t *)*at;
	int n_more = *c < 0x80 ? 0 : *c < 0xe0 ? 1 : *c < 0xf0 ? 2 : 3;
	uint32_t x = n_more ? *c & (0x3fu >> n_more) : *c;
	for (int i = 1; i <= n_more; i++)
		x = x << 6 | (c[i] & 0x3f);
	*at += 1 + n_more;
	return x;
}

/* Texts as numpy keeps them: UTF-32, all as long as the longest. They are valid UTF-8, for they were JSON. */
struct bytes npz_texts(const json_t *texts)
{
	size_t i, longest = 1;
	json_t *text;
	json_array_foreach (texts, i, text) {
		size_t n = 0;
		for (const char *c = json_string_value(text); *c; c++)
			n += (*c & 0xc0) != 0x80;
		longest = n > longest ? n : longest;
	}

	char dtype[32];
	snprintf(dtype, sizeof dtype, "<U%zu", longest);
	struct bytes b = npz_array(dtype, json_array_size(texts), 0);

	json_array_foreach (texts, i, text) {
		size_t n = 0;
		for (const char *c = json_string_value(text); *c; n++)
			bytes_number(&b, code_point(&c), 4);
		for (; n < longest; n++)
			bytes_number(&b, 0, 4);
	}
	return b;
}
