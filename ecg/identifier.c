#include "ecg/identifier.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

uint64_t identifier_mix(uint64_t h)
{
	h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
	return h ^ h >> 31;
}

uint64_t identifier_hash(const char *name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	for (const char *c = name; *c; c++)
		h = (h ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
	return identifier_mix(h);
}

/* As the number itself would be printed: no sign, no zero in front. */
static bool is_plain_number(const char *name)
{
	size_t n = strlen(name);
	return n >= 1 && n <= 19 && strspn(name, "0123456789") == n && (name[0] != '0' || n == 1);
}

uint64_t identifier_key(const char *name)
{
	uint64_t number = is_plain_number(name) ? strtoull(name, NULL, 10) : IDENTIFIER_TEXT;
	return number < IDENTIFIER_TEXT ? number : IDENTIFIER_TEXT | identifier_hash(name);
}
