/*
 * The compression function of SHA-256 (FIPS 180-4, section 6.2.2) by the SHA instructions of x86. A round
 * waits for the one before it, so one text alone leaves the unit idle half of the time: two that have
 * nothing to do with one another, block for block in turns, take little longer than one.
 *
 *	if (sha256_x86_is_there())
 *		sha256_x86_two(a, x, b, y, n_blocks);
 */
#ifndef STORE_SHA256_X86_H
#define STORE_SHA256_X86_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether this processor has them; the others must not be called where not. */
bool sha256_x86_is_there(void);

/* Take n_blocks blocks of 64 bytes into a state of 8 words, as FIPS 180-4 has them: a to h. */
void sha256_x86_one(uint32_t state[8], const uint8_t *blocks, size_t n_blocks);
/* The same for two states, each with its own blocks. */
void sha256_x86_two(uint32_t a[8], const uint8_t *x, uint32_t b[8], const uint8_t *y, size_t n_blocks);

#endif
