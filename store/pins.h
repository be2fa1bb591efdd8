/*
 * What somebody wants kept whatever gc thinks: <store>/pins/<id>.json, {"id","note","time","user"}. A pin
 * keeps the artifact and what it was made of.
 *
 *	pins_add(id, "paper, table 2");
 *	pins_each(see, NULL, &context);                 // see(pin, &context)
 */
#ifndef STORE_PINS_H
#define STORE_PINS_H

#include <stdbool.h>

#include "store/digest.h"

struct pin {
	char id[DIGEST_HEX];
	const char *note, *time, *user; /* note may be ""; time is RFC 3339, UTC */
	const char *path;
};

/* Dies if the store cannot be written. Pinning again replaces the note. */
void pins_add(const char *id, const char *note);
/* False: it was not pinned. Dies if it may not be removed. */
bool pins_remove(const char *id);
bool pins_has(const char *id);

/* Call f for each pin, in no order; what it points to is f's only until it returns. For one that cannot be
 * read, bad(path, why) (NULL: pass over it). */
void pins_each(void (*f)(const struct pin *pin, void *context),
	       void (*bad)(const char *path, const char *why, void *context), void *context);

#endif
