/*
 * The one door to zlib, which is loaded when the first member of a zip is read and not before: a stage that
 * finds its result in the store never pays for it.
 *
 *	struct inflate *z = inflate_open();
 *	while ((status = inflate_step(z, &in, &n_in, &out, &n_out)) == 0) ... // give more of in or more room
 *	inflate_close(z);
 */
#ifndef ECG_INFLATE_H
#define ECG_INFLATE_H

#include <stddef.h>
#include <stdint.h>

struct inflate;

/* Of a raw deflate stream (RFC 1951). */
struct inflate *inflate_open(void);
void inflate_close(struct inflate *z);

/* Inflate from *in to *out; pointers and sizes move on. 1: the stream has ended; 0: it has not, and either
 * side is used up; -1: it is damaged. */
int inflate_step(struct inflate *z, const uint8_t **in, size_t *n_in, uint8_t **out, size_t *n_out);

/* CRC-32 of bytes that follow those of crc (at first 0). */
uint32_t inflate_crc(uint32_t crc, const void *bytes, size_t n_bytes);

#endif
