/*
 * Action entries that travel with the artifacts they name: verbatim, ac/<action key>, and those of further
 * signers beside (remote/signer.h). What comes is taken only as store/action.h takes it (whose signature, of
 * what, when), and before anything else is fetched for it.
 *
 *	int there = entry_take(&remote, key, &is_reached, &sum, &e);   // 1: both are in the store now
 *	int status = entry_give(&remote, key, false, &is_reached, &sum, &e);
 */
#ifndef REMOTE_ENTRY_H
#define REMOTE_ENTRY_H

#include <stdbool.h>

#include "common/error.h"
#include "remote/pull.h"
#include "remote/push.h"
#include "store/sharing.h"

/* 1, 0 if the remote has no entry of that key or not the artifact, -1 with e filled. *is_reached: whether the
 * remote answered at all. */
int entry_take(const struct sharing *remote, const char *key, bool *is_reached, struct pull_sum *sum,
	       struct error *e);

/* Send an entry of this store, and before it what it names (has_artifact: which the remote has already): 0,
 * or -1 with e filled. An entry that is there and a hit stays; if it names another artifact, or cannot be
 * read, that is an error. One that is no hit (damaged, not taken) is replaced by one that is, and what it
 * named kept as a conflict in this store (store/action.h); signatures of the same statement are put together,
 * and another signer's statement of the same result goes beside the first. Where neither is a hit the
 * remote's stays, and *sum counts it. What is damaged of an artifact that entry_take had found so is replaced
 * too. */
int entry_give(const struct sharing *remote, const char *key, bool has_artifact, bool *is_reached,
	       struct push_sum *sum, struct error *e);

#endif
