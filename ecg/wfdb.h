/*
 * The header of a WFDB record (.hea; https://physionet.org/physiotools/wag/header-5.htm): one line for
 * the record, one per signal, comments after '#'.
 *
 *	struct wfdb h;
 *	if (wfdb_parse(&h, "records100/00000/00001_lr.hea", bytes, n, &e) == 0)
 *		... h.signals[0].gain ...
 *
 * Read strictly: a number that is none, a missing field, several segments (ecg/wfdb_segments.h) are errors
 * naming file and line. A format this reader lacks is so only for a signal that is wanted (wfdb_require).
 * Defaults as the WFDB library's: 250 Hz, gain 200 if it is missing or 0, baseline = ADC
 * zero, units mV. Bytes may be hostile.
 */
#ifndef ECG_WFDB_H
#define ECG_WFDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

#define WFDB_SIGNALS	64		    /* most signals of a record */
#define WFDB_SAMPLES	(1L << 26)	    /* most samples per signal */
#define WFDB_VALUES	(UINT64_C(1) << 28) /* most samples of all signals together */
#define WFDB_HEADER_MAX (1 << 16)	    /* most bytes of a header */
#define WFDB_TEXT	128		    /* most bytes of a name, NUL included */
#define WFDB_FRAME	4096		    /* most samples per frame of one signal */

struct wfdb_signal {
	char file[WFDB_TEXT]; /* beside the header: a plain name; "~": none */
	int format;
	int per_frame;	  /* samples, 1..WFDB_FRAME */
	long skew;	  /* in frames */
	long line;	  /* of the header */
	long offset;	  /* of the first sample in the file, bytes; of FLAC, samples */
	double gain;	  /* ADC steps per unit; finite, not 0 */
	int32_t baseline; /* ADC value of 0 physical units */
	char units[WFDB_TEXT];
	bool has_initial, has_checksum;
	int32_t initial;   /* the first sample */
	uint16_t checksum; /* sum of all samples modulo 2^16 */
	char name[WFDB_TEXT];
};

struct wfdb {
	char record[WFDB_TEXT];
	int n_signals;	/* 1..WFDB_SIGNALS */
	double rate_hz; /* > 0, finite */
	long n_samples; /* per signal and sample of a frame; 0: not said, the signal file's size tells */
	struct wfdb_signal signals[WFDB_SIGNALS];
};

/* 0, or -1 with e filled. name stands for the file in messages. */
int wfdb_parse(struct wfdb *h, const char *name, const char *bytes, size_t n_bytes, struct error *e);

/* 0 if signal i can be decoded: it has a file (the layout of several segments has none, "~"), of a known
 * format. -1 with e filled. */
int wfdb_require(const struct wfdb *h, const char *name, int i, struct error *e);

/* Whether every sample of this format fits an int16. */
bool wfdb_is_narrow(int format);

/* The lowest value of a format: it means "no sample". */
int32_t wfdb_lowest(int format);

/* Signals first..last-1 that share signals[first].file; last is returned. */
int wfdb_group_end(const struct wfdb *h, int first);

#endif
