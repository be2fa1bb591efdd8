/*
 * Base64 (RFC 4648): written in the standard alphabet with padding; read in the standard or the URL-safe one,
 * with or without padding. Anything else, bits that stand for nothing included, is refused.
 *
 *	char *text = base64_encode(bytes, n);                  // yours to free
 *	uint8_t *bytes = base64_decode(text, strlen(text), &n);  // yours to free; NULL: not base64
 */
#ifndef TRUST_BASE64_H
#define TRUST_BASE64_H

#include <stddef.h>
#include <stdint.h>

char *base64_encode(const void *bytes, size_t n_bytes);

/* A NUL follows the last byte. */
uint8_t *base64_decode(const char *text, size_t n_text, size_t *n_bytes);

#endif
