/*
 * Spans of records that came over a network and were checked, in <store>/arriving/, until the artifact they
 * are of is published: a pull that was ended goes on with them. A span lies under the name of its first
 * segment; what is read back is checked again by who asked for it.
 *
 *	if (!kept_read(span, &bytes)) { ... fetch and check it ...; kept_write(span, &bytes); }
 *	... artifact_publish ...; kept_remove(span);
 *
 * Also of which actions the remote's artifact is missing or damaged, until it was sent again.
 */
#ifndef REMOTE_KEPT_H
#define REMOTE_KEPT_H

#include <stdbool.h>

#include "remote/span.h"
#include "store/bytes.h"

/* Whether there is one of the right length; then bytes, empty before, have it. */
bool kept_read(const struct span *s, struct bytes *bytes);
/* Where it cannot be kept it is not, and nothing is said. */
void kept_write(const struct span *s, const struct bytes *bytes);
void kept_remove(const struct span *s);
/* Whether what the remote has of an action is doubted: to say so, and to ask. */
void kept_doubt(const char *key, bool is_doubted);
bool kept_is_doubted(const char *key);
/* Remove what pulls have left that nobody took up for a week, or in the middle of a write. */
void kept_clean(void);

#endif
