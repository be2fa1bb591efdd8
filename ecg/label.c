#include "ecg/label.h"

#include <string.h>

/* Members are copied one by one so that padding and byte order of the host never reach an artifact. */
static uint8_t *put(uint8_t *at, uint64_t x, int n_bytes)
{
	for (int i = 0; i < n_bytes; i++)
		*at++ = (uint8_t)(x >> (8 * i));
	return at;
}

static const uint8_t *take(uint64_t *x, const uint8_t *at, int n_bytes)
{
	*x = 0;
	for (int i = 0; i < n_bytes; i++)
		*x |= (uint64_t)*at++ << (8 * i);
	return at;
}

void label_encode(uint8_t bytes[LABEL_BYTES], const struct label *l)
{
	uint32_t age;
	memcpy(&age, &l->age, sizeof age);
	uint8_t *at = put(bytes, l->patient, 8);
	at = put(at, l->fold, 4);
	at = put(at, l->classes, 4);
	at = put(at, age, 4);
	at = put(at, (uint32_t)l->sex, 4);
	at = put(at, l->codes[0], 8);
	at = put(at, l->codes[1], 8);
	put(at, l->reserved, 8);
}

void label_decode(struct label *l, const void *bytes)
{
	uint64_t fold, classes, age, sex;
	const uint8_t *at = take(&l->patient, bytes, 8);
	at = take(&fold, at, 4);
	at = take(&classes, at, 4);
	at = take(&age, at, 4);
	at = take(&sex, at, 4);
	at = take(&l->codes[0], at, 8);
	at = take(&l->codes[1], at, 8);
	take(&l->reserved, at, 8);
	l->fold = (uint32_t)fold;
	l->classes = (uint32_t)classes;
	uint32_t age_bits = (uint32_t)age;
	memcpy(&l->age, &age_bits, sizeof l->age);
	l->sex = (int32_t)(uint32_t)sex;
}
