/*
 * Artifacts that were removed because they hold a patient (store/forget.h): <store>/forgotten/<id>.json,
 * {"id","time","user"}, without a word on whom. What brings artifacts from elsewhere (pulls, a stage's
 * read-through, fsck) takes none of these. Making one again here is not stopped: that it came back says the
 * runner. Who wants one back removes its file.
 *
 *	forgotten_add(id);
 *	if (forgotten_has(id, &e)) die("%s", error_text(&e));
 */
#ifndef STORE_FORGOTTEN_H
#define STORE_FORGOTTEN_H

#include <stdbool.h>

#include "common/error.h"

/* Dies if the store cannot be written. One that is there stays. */
void forgotten_add(const char *id);

/* Whether there is a note of it; then e (may be NULL) says so, and how to have it back. A note that cannot be
 * looked at counts as one. */
bool forgotten_has(const char *id, struct error *e);

#endif
