/*
 * Bringing artifacts of a remote into this store. Nothing that comes is believed: the header hashes to the
 * id, the manifest's covers lead to the header's roots, each span's records to its cover (remote/manifest.h),
 * and only then are records appended, in the order of their keys, to an object of this store's own making.
 * Memory is bounded, whatever the artifact's size; sizes are checked before room is made for them.
 *
 *	int there = pull_artifact(&remote, id, &sum, &e);      // 1 it is in the store now, 0 not there, -1
 */
#ifndef REMOTE_PULL_H
#define REMOTE_PULL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "store/digest.h"
#include "store/sharing.h"

struct pull_sum {
	uint64_t n_artifacts, n_bytes; /* fetched; bytes of records as they travel */
};

/* 1, 0 if the remote has none of that id, or -1 with e filled; what was done is added to *sum. An object that
 * is in the store is not fetched again, and one that was forgotten there (store/forgotten.h) never. Without a
 * cause in e, and unless it was forgotten, what the remote has is damaged or not all there. */
int pull_artifact(const struct sharing *remote, const char *id, struct pull_sum *sum, struct error *e);

/* A part of an artifact: some tables, or of these the records of some numbers (of tables whose keys are
 * record numbers, with or without a part behind). */
struct pull_part {
	const char *const *tables; /* NULL-terminated; NULL: all */
	bool has_range;
	uint64_t from, to; /* both included */
};

/* The same for a part, checked in the same way, and that no record of the range is missing. It becomes an
 * artifact of its own, with the kind and the attributes of the whole; id gets its id. */
int pull_part(const struct sharing *remote, const char *whole, const struct pull_part *part,
	      char id[DIGEST_HEX], struct pull_sum *sum, struct error *e);

#endif
