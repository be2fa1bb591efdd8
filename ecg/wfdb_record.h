/*
 * A WFDB record as files of a dataset: its header, the signals that are wanted, the signal files that they
 * are in.
 *
 *	struct wfdb_record r;
 *	int result = wfdb_record_read(&r, files, "records100/00000/00001_lr", WFDB_RECORD_LEADS, &e);
 *	... r.h.signals[r.columns[k]], r.x[t * r.n + k] ...
 *	wfdb_record_release(&r);
 */
#ifndef ECG_WFDB_RECORD_H
#define ECG_WFDB_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "ecg/files.h"
#include "ecg/lead.h"
#include "ecg/wfdb.h"

#define WFDB_RECORD_LEADS (-1) /* the standard leads */

struct wfdb_record {
	struct wfdb h;
	int n, columns[LEADS]; /* the signals that are wanted, ascending */
	int n_segments;	       /* that were joined; 0: the record has none */
	int per_frame;	       /* samples of each in a frame: their rate is h.rate_hz * per_frame */
	long n_samples;	       /* of each */
	int32_t *x;	       /* [n_samples][n]; WFDB_MISSING: no sample */
};

/* wanted: WFDB_RECORD_LEADS, or the number of one signal. 0; 1 with e filled if the record's own content is
 * wrong; -1 with e filled if a file is missing or is not what SHA256SUMS.txt says. To be released in each
 * case. */
int wfdb_record_read(struct wfdb_record *r, struct files *f, const char *path, int wanted, struct error *e);
void wfdb_record_release(struct wfdb_record *r);

/* Choose r->columns from r->h, whether or not they can be decoded. 0, or -1 with e filled at `file`. */
int wfdb_record_choose(struct wfdb_record *r, const char *file, int wanted, struct error *e);

/* Signals columns [n] of a header that is read (h, columns and n are set): x, n_samples and per_frame. The
 * same results. */
int wfdb_record_samples(struct wfdb_record *r, struct files *f, const char *path, struct error *e);

#endif
