#include "numbers/philox.h"

#include <math.h>

#include "numbers/dmath.h"

void philox_block(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2])
{
	uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
	uint32_t k0 = key[0], k1 = key[1];

	for (int round = 0; round < 10; round++) {
		uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
		c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
		c1 = (uint32_t)p1;
		c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
		c3 = (uint32_t)p0;
		k0 += 0x9E3779B9u;
		k1 += 0xBB67AE85u;
	}

	out[0] = c0;
	out[1] = c1;
	out[2] = c2;
	out[3] = c3;
}

struct philox philox_open(uint64_t seed, enum purpose purpose, uint64_t record, uint32_t index)
{
	return (struct philox){
		.key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
		.counter = {0, (uint32_t)purpose << 24 | (index & 0xFFFFFFu), (uint32_t)record,
			    (uint32_t)(record >> 32)},
		.used = 4,
	};
}

uint32_t philox_u32(struct philox *r)
{
	if (r->used == 4) {
		philox_block(r->words, r->counter, r->key);
		r->counter[0]++;
		r->used = 0;
	}
	return r->words[r->used++];
}

double philox_uniform(struct philox *r)
{
	return ((double)philox_u32(r) + 0.5) * 0x1p-32;
}

double philox_normal(struct philox *r)
{
	if (r->has_spare) {
		r->has_spare = 0;
		return r->spare;
	}
	double u = philox_uniform(r), angle = 6.283185307179586 * philox_uniform(r);
	double radius = sqrt(-2.0 * dmath_log(u));
	r->spare = radius * dmath_sin(angle);
	r->has_spare = 1;
	return radius * dmath_cos(angle);
}

/* Lemire 2019, "Fast random integer generation in an interval", algorithm 5. */
uint32_t philox_below(struct philox *r, uint32_t n)
{
	uint64_t product = (uint64_t)philox_u32(r) * n;
	if ((uint32_t)product < n) {
		uint32_t least = -n % n;
		while ((uint32_t)product < least)
			product = (uint64_t)philox_u32(r) * n;
	}
	return (uint32_t)(product >> 32);
}
