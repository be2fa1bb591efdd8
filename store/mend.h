/*
 * Having again what is damaged or gone (store/fsck.h): out of the way, from the remote, or by which make.
 *
 *	struct mend *m = mend_open(runs, true);
 *	mend_object(m, &found, FINDING_DAMAGED, id);
 *	mend_close(m);
 */
#ifndef STORE_MEND_H
#define STORE_MEND_H

#include <stdbool.h>

#include "store/findings.h"

struct mend;

/* runs: where to look for who can make what is gone. Without is_repair only advice is given. */
struct mend *mend_open(const char *const *runs, bool is_repair);
void mend_close(struct mend *m);

/* The object is damaged or gone, as was just said. */
void mend_object(struct mend *m, struct findings *found, enum finding kind, const char *id);

/* The action entry at path is damaged, as was just said. */
void mend_entry(struct mend *m, struct findings *found, const char *path);

#endif
