/*
 * What somebody wants kept whatever gc thinks: <store>/pins/<id>.<user>.json, {"id","note","time","user"}. A
 * pin keeps the artifact and what it was made of. Each user has their own, and takes back no other user's.
 *
 *	pins_add(id, "paper, table 2");
 *	pins_each(see, NULL, &context);                 // see(pin, &context)
 *
 * A version before wrote <id>.json, one for all users; such pins are read, and belong to the user they name.
 */
#ifndef STORE_PINS_H
#define STORE_PINS_H

#include <stdbool.h>

#include "common/error.h"
#include "store/digest.h"

struct pin {
	char id[DIGEST_HEX];
	const char *note, *time, *user; /* note may be ""; time is RFC 3339, UTC */
	bool is_own;			/* this user's */
	const char *path;
};

/* As this user. Dies if the store cannot be written. Pinning again replaces the note. */
void pins_add(const char *id, const char *note);
/* This user's pin. False: there is none. Dies if it may not be removed. */
bool pins_remove(const char *id);

/* Call f for each pin, in no order; what it points to is f's only until it returns. For one that cannot be
 * read, bad(path, e) (NULL: pass over it). */
void pins_each(void (*f)(const struct pin *pin, void *context),
	       void (*bad)(const char *path, const struct error *e, void *context), void *context);

/* Write a damaged pin again with what its file still says: the id and the user by its name (an old one's user
 * by its owner), the time by its own. Returns where what was in it is kept (store/aside.h), yours to free;
 * NULL with e saying what to do: its name is no pin's, or that could not be kept. Dies if the store cannot be
 * written. */
char *pins_restore(const char *path, struct error *e);

#endif
