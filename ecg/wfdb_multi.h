/*
 * A WFDB record of several segments as one record (ecg/wfdb_segments.h): the samples of its segments one
 * after the other, and no sample where a segment lacks the signal or a gap stands. Unit and samples per frame
 * of a signal must be those of all its segments. Where gain or baseline differ, samples are brought to int32
 * steps of one nanovolt.
 *
 *	wfdb_multi_read(&r, files, "p000878/p000878-2137-10-26-16-57", header, n, WFDB_RECORD_LEADS, &e);
 */
#ifndef ECG_WFDB_MULTI_H
#define ECG_WFDB_MULTI_H

#include "ecg/wfdb_record.h"
#include "ecg/wfdb_segments.h"

/* header: the record's .hea. As wfdb_record_read; r->h has the signals of the layout, or of the first
 * segment. */
int wfdb_multi_read(struct wfdb_record *r, struct files *f, const char *path, const char *header,
		    size_t n_bytes, int wanted, struct error *e);

#endif
