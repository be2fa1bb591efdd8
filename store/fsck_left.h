/* The part of store/fsck.h about what unfinished work and other processes leave: files in the making, locks,
 * checkpoints, conflicts, and names that nothing of the store has. */
#ifndef STORE_FSCK_LEFT_H
#define STORE_FSCK_LEFT_H

#include <stdbool.h>

#include "store/findings.h"

/* Whether links lie in the place of folders; each is said. What is behind them is not the store's, and not
 * looked at. */
bool fsck_links(struct findings *found);

void fsck_left(struct findings *found, bool is_repair);

#endif
