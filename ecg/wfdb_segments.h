/*
 * The header of a WFDB record of several segments (https://physionet.org/physiotools/wag/header-5.htm,
 * "multi-segment records"): after the record line one line per segment, its name and its length in frames.
 * In the variable layout the first has no samples: it lists all signals there are; "~" stands for a gap.
 *
 *	if (wfdb_segments_are(bytes, n)) {
 *		struct wfdb_segments s;
 *		if (wfdb_segments_parse(&s, "r.hea", bytes, n, &e) == 0)
 *			... s.segments[i].name ...
 *		wfdb_segments_release(&s);
 *	}
 */
#ifndef ECG_WFDB_SEGMENTS_H
#define ECG_WFDB_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "ecg/wfdb.h"

#define WFDB_SEGMENTS 10000 /* most of a record */

struct wfdb_segment {
	char name[WFDB_TEXT]; /* beside the header; "~": a gap */
	long n_frames;
};

struct wfdb_segments {
	char record[WFDB_TEXT];
	int n, n_signals;
	double rate_hz;		       /* of frames */
	long n_frames;		       /* of all segments, at most WFDB_SAMPLES */
	bool has_layout;	       /* segments[0] is none, but lists the signals */
	struct wfdb_segment *segments; /* [n] */
};

/* Whether the record line's name ends in "/" and a number. */
bool wfdb_segments_are(const char *bytes, size_t n_bytes);
/* 0, or -1 with e filled; to be released in both cases. Bytes may be hostile. */
int wfdb_segments_parse(struct wfdb_segments *s, const char *name, const char *bytes, size_t n_bytes,
			struct error *e);
void wfdb_segments_release(struct wfdb_segments *s);

#endif
