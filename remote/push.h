/*
 * Sending artifacts of this store to a remote: segments first, then the manifest, then the header, so that
 * what finds a header finds the rest, whenever a sender was ended. What is there is not sent again; whether
 * it is sound can be asked. Several segments travel at once; each record is checked against its leaf digest
 * before it leaves.
 *
 *	struct push_sum sum = {0};
 *	if (push_artifact(&remote, id, false, &sum, &e) < 0) ...
 */
#ifndef REMOTE_PUSH_H
#define REMOTE_PUSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "store/digest.h"
#include "store/sharing.h"

/* What is sent of what the store has. */
struct push_way {
	bool is_alone;	 /* not what the artifacts were made of */
	bool is_checked; /* what the remote has is fetched and compared; what is damaged is replaced */
};

struct push_sum {
	uint64_t n_artifacts, n_present; /* asked for, and of these there already */
	uint64_t n_lost;		 /* neither in this store nor there */
	uint64_t n_bytes, n_sent; /* of all that was not taken to be there, uncompressed, and of what went */
	uint64_t n_segments, n_segments_sent;
	uint64_t n_entries, n_entries_sent;
	uint64_t n_refused; /* entries that are there, not taken by this store, and not bettered by its own */
	char why[320];	    /* the first of these is not: as struct verdict has it */
};

/* 0, or -1 with e filled; what was done is added to *sum. Unless is_checked, an artifact is taken to be there
 * if its header is. */
int push_artifact(const struct sharing *remote, const char *id, bool is_checked, struct push_sum *sum,
		  struct error *e);

/* Of one that this store has not: 1 if the remote has its header, 0, or -1 with e filled; counted in *sum. */
int push_is_there(const struct sharing *remote, const char *id, struct push_sum *sum, struct error *e);

/* The same for several, and for all that they were made of, as this store's action entries say, with these
 * entries: what something was made of first. What is not in this store any more, nor there, is an error, once
 * the rest is sent (sum->n_lost). An entry that cannot be read (a damaged one can) is one too, and nothing is
 * sent. */
int push_chain(const struct sharing *remote, char (*ids)[DIGEST_HEX], size_t n, const struct push_way *way,
	       struct push_sum *sum, struct error *e);

#endif
