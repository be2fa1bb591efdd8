/*
 * Looking at all of the store and naming what is wrong: objects, action entries, checkpoints, notes of runs
 * and pins, locks, files in the making, conflicts, names and rights; and what runs name that is not there.
 * docs/store.md has the list.
 *
 * Repairing deletes nothing that cannot be had again: what is damaged is moved aside (store/aside.h), fetched
 * from the remote if there is one, and else the command is named that makes it.
 */
#ifndef STORE_FSCK_H
#define STORE_FSCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct fsck {
	const char *const *runs; /* folders of runs; NULL-terminated */
	bool is_repair;
};

/* A line per finding, and the sum. Returns how much is still bad. */
size_t fsck_store(FILE *out, const struct fsck *f);

#endif
