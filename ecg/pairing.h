/*
 * What the first two views of every record in a step show, beyond what its policy draws (ecg/augment.h): the
 * segments, and the one lead each shows if leads are views (CLOCS: Kiyasseh, Zhu and Clifton 2021). All
 * records of a step show the same: were leads drawn per record, the network could tell candidates apart by
 * their lead.
 *
 *	struct pairing p = pairing_draw(PAIRING_LEADS, seed, step);
 *	batch_draw(x, keep, patient, &source, order, n, epoch, &p);
 */
#ifndef ECG_PAIRING_H
#define ECG_PAIRING_H

#include <stdint.h>

enum pairing_kind {
	PAIRING_POLICY,	       /* the two views of the strategy, leads masked as the policy says */
	PAIRING_LEADS,	       /* one segment, two of its 12 leads */
	PAIRING_SEGMENTS_LEADS /* two of the 24 pairs of a segment and a lead */
};

struct shown {
	int segment; /* 0 or 1: what augment_start calls view */
	int lead;    /* the one kept; -1: those the policy's lead mask keeps */
};

struct pairing {
	struct shown view[2]; /* always different */
};

/* Every pair of different views is equally likely: over the steps, the mean over all of CLOCS's pairs.
 * Philox, keyed by (seed, step). */
struct pairing pairing_draw(enum pairing_kind kind, uint64_t seed, uint64_t step);

#endif
