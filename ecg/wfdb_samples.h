/*
 * The samples of a WFDB record (signal files; https://physionet.org/physiotools/wag/signal-5.htm): formats
 * 16, 24, 32 (two's complement, little-endian), 61 (16, big-endian), 80, 160 (8 and 16-bit offset binary),
 * 212 (two 12-bit samples in three bytes), 310, 311 (three 10-bit samples in four bytes), 8 (differences of
 * one byte), 508, 516, 524 (8, 16, 24 bits by FLAC, a channel per signal). Signals of one file alternate
 * frame by frame, each with its own number of samples in a frame. A signal of skew s stands s frames later in
 * the file than the others.
 *
 *	int32_t *x = ...;                                         // [T][n_columns], some of the signals
 *	for (int first = 0, last; first < h.n_signals; first = last) {
 *		last = wfdb_group_end(&h, first);                 // these share one file
 *		wfdb_samples_read(x, T, &h, first, last, columns, n_columns, file, bytes, n_bytes, &e);
 *	}
 *
 * Checked: the size of the file, to the byte (of FLAC the number of samples, and its own check sums); of each
 * signal that is wanted its initial value and checksum where the header states them. The lowest value of a
 * format means "no sample" there; it comes out as WFDB_MISSING.
 */
#ifndef ECG_WFDB_SAMPLES_H
#define ECG_WFDB_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "ecg/wfdb.h"

#define WFDB_MISSING INT32_MIN

/* Frames that a file of n_bytes holds for signals first..last-1: T, or -1 with e filled if the
 * header's number does not fit the size, or signals of the file disagree on format or offset. file: its name,
 * for messages. */
long wfdb_samples_count(const struct wfdb *h, int first, int last, const char *file, size_t n_bytes,
			struct error *e);

/* Decode those of signals columns[0..n_columns-1] that are in first..last-1: signal columns[k] into column k
 * of x [n_frames * per_frame][n_columns], n_frames from wfdb_samples_count; all have the same per_frame and
 * have passed wfdb_require. What a skew leaves without a sample is missing. 0, or -1 with e filled. */
int wfdb_samples_read(int32_t *x, long n_frames, const struct wfdb *h, int first, int last,
		      const int *columns, int n_columns, const char *file, const uint8_t *bytes,
		      size_t n_bytes, struct error *e);

#endif
