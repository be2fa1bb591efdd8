#include "trust/base64.h"

#include <stdlib.h>

#include "common/die.h"

char *base64_encode(const void *bytes, size_t n_bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *b = bytes;
	char *text = die_malloc((n_bytes + 2) / 3 * 4 + 1), *out = text;
	for (size_t i = 0; i < n_bytes; i += 3) {
		size_t n = n_bytes - i < 3 ? n_bytes - i : 3;
		uint32_t x = (uint32_t)b[i] << 16 | (uint32_t)(n > 1 ? b[i + 1] : 0) << 8 |
			     (uint32_t)(n > 2 ? b[i + 2] : 0);
		for (size_t k = 0; k < 4; k++)
			*out++ = k <= n ? digits[x >> (18 - 6 * k) & 63] : '=';
	}
	*out = 0;
	return text;
}

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

uint8_t *base64_decode(const char *text, size_t n_text, size_t *n_bytes)
{
	uint32_t held = 0;
	int n_held = 0;
	size_t n = n_text, n_out = 0;
	while (n && n_text - n < 2 && text[n - 1] == '=')
		n--;
	if (n % 4 == 1 || (n != n_text && n_text % 4))
		return NULL;

	uint8_t *bytes = die_malloc(n / 4 * 3 + 3);
	for (size_t i = 0; i < n; i++) {
		int value = value_of(text[i]);
		if (value < 0) {
			free(bytes);
			return NULL;
		}
		held = held << 6 | (uint32_t)value;
		n_held += 6;
		if (n_held >= 8) {
			n_held -= 8;
			bytes[n_out++] = (uint8_t)(held >> n_held);
		}
	}

	if (held & ((1u << n_held) - 1)) {
		free(bytes);
		return NULL;
	}
	bytes[n_out] = 0;
	*n_bytes = n_out;
	return bytes;
}
