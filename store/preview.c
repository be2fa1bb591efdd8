#include "store/preview.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "store/artifact.h"

static bool is_text(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((bytes[i] < 32 && bytes[i] != '\n' && bytes[i] != '\t') || bytes[i] == 127)
			return false;
	return n > 0;
}

static char *hex_text(const uint8_t *bytes, size_t n)
{
	char *hex = die_malloc(2 * n + 1);
	hex[0] = 0;
	for (size_t i = 0; i < n; i++)
		sprintf(hex + 2 * i, "%02x", bytes[i]);
	return hex;
}

char *preview_key(const void *key, size_t n_bytes)
{
	const uint8_t *bytes = key;
	if (is_text(bytes, n_bytes) && bytes[0] < 128)
		return die_printf("'%.*s'", (int)n_bytes, (const char *)key);
	if (n_bytes < 8 || n_bytes > 16)
		return hex_text(bytes, n_bytes);
	unsigned long long record = artifact_record(key), part = 0;
	for (size_t i = 8; i < n_bytes; i++)
		part = part << 8 | bytes[i];
	return n_bytes == 8 ? die_printf("%llu", record) : die_printf("%llu:%llu", record, part);
}

static float float_at(const uint8_t *bytes, size_t i)
{
	float x;
	memcpy(&x, bytes + 4 * i, sizeof x);
	return x;
}

static int int16_at(const uint8_t *bytes, size_t i)
{
	int16_t x;
	memcpy(&x, bytes + 2 * i, sizeof x);
	return x;
}

/* Measured numbers, weights and counts lie in this range; integers and texts read as float32 seldom do. */
static bool is_float32(const uint8_t *bytes, size_t n_bytes)
{
	if (n_bytes % 4 || !n_bytes)
		return false;
	size_t n = n_bytes / 4 < 64 ? n_bytes / 4 : 64;
	for (size_t i = 0; i < n; i++) {
		float x = fabsf(float_at(bytes, i));
		if (x != 0 && !(x > 1e-12f && x < 1e9f))
			return false;
	}
	return true;
}

enum preview_type preview_guess(const void *value, size_t n_bytes)
{
	const uint8_t *bytes = value;
	if (is_text(bytes, n_bytes))
		return PREVIEW_TEXT;
	if (is_float32(bytes, n_bytes))
		return PREVIEW_FLOAT32;
	return n_bytes && n_bytes % 2 == 0 ? PREVIEW_INT16 : PREVIEW_BYTES;
}

size_t preview_bytes(enum preview_type type)
{
	return type == PREVIEW_FLOAT32 ? 4 : type == PREVIEW_INT16 ? 2 : 1;
}

void preview_number(char out[32], const void *value, enum preview_type type, size_t i)
{
	const uint8_t *bytes = value;
	if (type == PREVIEW_FLOAT32 && isfinite(float_at(bytes, i)))
		json_float_text(out, float_at(bytes, i));
	else if (type == PREVIEW_FLOAT32)
		snprintf(out, 32, "%f", (double)float_at(bytes, i));
	else if (type == PREVIEW_INT16)
		snprintf(out, 32, "%d", int16_at(bytes, i));
	else
		snprintf(out, 32, "%02x", bytes[i]);
}

static char *numbers_text(const uint8_t *bytes, size_t n_bytes, enum preview_type type, size_t max)
{
	static const char *const names[] = {"text", "float32", "int16", "bytes"};
	size_t n = n_bytes / preview_bytes(type), i = 0;
	char *text = die_printf("%s[%zu]", names[type], n);
	for (; i < n && strlen(text) + 12 < max; i++) {
		char number[32];
		preview_number(number, bytes, type, i);
		char *longer = die_printf("%s %s", text, number);
		free(text);
		text = longer;
	}
	char *all = die_printf("%s%s", text, i < n ? " ..." : "");
	free(text);
	return all;
}

char *preview_value(const void *value, size_t n_bytes, size_t max)
{
	enum preview_type type = preview_guess(value, n_bytes);
	if (type != PREVIEW_TEXT)
		return numbers_text(value, n_bytes, type, max);
	size_t n = n_bytes < max ? n_bytes : max;
	while (n < n_bytes && n > 0 && (((const uint8_t *)value)[n] & 0xc0) == 0x80)
		n--; /* not inside a UTF-8 sequence */
	char *text = die_printf("%.*s%s", (int)n, (const char *)value, n < n_bytes ? "..." : "");
	for (char *p = text; *p; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	return text;
}

char *preview_difference(const void *a, size_t a_bytes, const void *b, size_t b_bytes)
{
	const uint8_t *x = a, *y = b;
	size_t shared = a_bytes < b_bytes ? a_bytes : b_bytes, at = 0;

	while (at < shared && x[at] == y[at])
		at++;
	if (a_bytes != b_bytes)
		return die_printf("%zu -> %zu bytes, first at byte %zu", a_bytes, b_bytes, at);

	enum preview_type type = preview_guess(a, a_bytes);
	if (type != preview_guess(b, b_bytes) || type == PREVIEW_BYTES)
		return die_printf("byte %zu", at);
	if (type == PREVIEW_TEXT) {
		char *from = preview_value(x + at, a_bytes - at, 24),
		     *to = preview_value(y + at, b_bytes - at, 24);
		char *text = die_printf("byte %zu: %s -> %s", at, from, to);
		free(from);
		free(to);
		return text;
	}

	char from[32], to[32];
	preview_number(from, x, type, at / preview_bytes(type));
	preview_number(to, y, type, at / preview_bytes(type));
	return die_printf("%s %zu: %s -> %s", type == PREVIEW_FLOAT32 ? "float32" : "int16",
			  at / preview_bytes(type), from, to);
}
