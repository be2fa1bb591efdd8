/*
 * Change of sampling rate by a ratio of whole numbers: a linear-phase Kaiser FIR low-pass at the common
 * multiple of both rates, evaluated only where output samples stand (polyphase; Crochiere and Rabiner 1983).
 * With f = half the lower rate: flat within 0.001 dB up to 0.8 f, -6 dB at 0.9 f, below -80 dB from f on; so
 * going from 500 to 100 Hz keeps 40 Hz and nothing above 50 Hz folds back. No delay: output n is at the time
 * of input n * from / to.
 *
 *	struct resample *r = resample_open(500, 100, &e);
 *	int n = resample_length(r, t);
 *	// y [n][LEADS], x [t][LEADS], scratch [t + 2 * resample_pad(r)][LEADS]
 *	resample_run(r, y, x, scratch, t);
 *	resample_close(r);
 */
#ifndef ECG_RESAMPLE_H
#define ECG_RESAMPLE_H

#include "common/error.h"
#include "ecg/lead.h"

#define RESAMPLE_MAX_HZ 100000

struct resample;

/* Equal rates give a plan that copies. NULL with e filled if a rate is outside 1..RESAMPLE_MAX_HZ or the
 * ratio needs more than a million taps. A plan may be used by several threads. */
struct resample *resample_open(long from_hz, long to_hz, struct error *e);
void resample_close(struct resample *r);

/* Samples made of t: all with a time before t / from_hz. */
int resample_length(const struct resample *r, int t);
/* Samples of odd extension that a run needs at each end. */
int resample_pad(const struct resample *r);
void resample_run(const struct resample *r, double (*y)[LEADS], const double (*x)[LEADS],
		  double (*scratch)[LEADS], int t);

#endif
