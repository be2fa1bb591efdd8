/*
 * The one door to libFLAC, which is loaded when the first compressed signal file is read and not before: a
 * stage that finds its result in the store, or whose records are not compressed, never pays for it.
 *
 *	int32_t *out[2] = {x, NULL};                              // channel 0 to x, channel 1 is left out
 *	struct flac_target to = {out, 2, .max_bits = 16, .stride = 1, .skip = 0, .n = n_samples};
 *	if (flac_decode(&to, "r.dat", bytes, n_bytes, &e) < 0) ...
 */
#ifndef ECG_FLAC_H
#define ECG_FLAC_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

#define FLAC_CHANNELS 8 /* most of a stream */

struct flac_target {
	int32_t *const *out; /* [n_channels] where a channel's first sample goes; NULL: nowhere */
	int n_channels;	     /* 1..FLAC_CHANNELS: what the stream must have */
	int max_bits;	     /* most bits of a sample, 1..31 */
	size_t stride;	     /* from one sample to the next in out */
	uint64_t skip, n;    /* of each channel: samples left out at first; then taken, all that follow */
};

/* Decode a stream (RFC 9639; not in Ogg) of exactly skip + n samples per channel. Its check sums, where it
 * has them, must hold. Bytes may be hostile: no more than that is written. 0, or -1 with e filled; file: for
 * messages. */
int flac_decode(const struct flac_target *to, const char *file, const uint8_t *bytes, size_t n_bytes,
		struct error *e);

#endif
