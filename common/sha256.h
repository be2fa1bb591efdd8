/*
 * SHA-256 (FIPS 180-4) of bytes in memory, for layers that do not see store/digest.h.
 *
 *	uint8_t sum[SHA256_BYTES];
 *	sha256_of(sum, bytes, n_bytes);
 */
#ifndef COMMON_SHA256_H
#define COMMON_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32

/* Dies if libcrypto cannot. */
void sha256_of(uint8_t sum[SHA256_BYTES], const void *bytes, size_t n_bytes);

#endif
