/*
 * Which runs use the store, whoever's and wherever: a stage that hits or has run leaves a note,
 * <store>/roots/<SHA-256 of folder, stage and place>, {"folder","host","id","place","stage","user"}, place as
 * in store/mounts.h; its time is that of the last use. So anybody's gc keeps what everybody's runs need, with
 * what that was made of.
 *
 *	roots_note("build/runs/default", "probe", id);
 *	roots_each(see, &context);                      // see(root, &context)
 */
#ifndef STORE_ROOTS_H
#define STORE_ROOTS_H

#include <stdbool.h>
#include <time.h>

#include "common/error.h"
#include "store/digest.h"

enum root_state {
	ROOT_LIVES,  /* the run's folder is there; it may name another artifact by now (id_now) */
	ROOT_UNSEEN, /* elsewhere, not mounted, or not ours to look into: counts for ROOT_UNSEEN_S */
	ROOT_GONE    /* its folder, or the stage's .id file in it, was removed */
};

#define ROOT_UNSEEN_S (180 * 86400.0)

struct root {
	char id[DIGEST_HEX], id_now[DIGEST_HEX]; /* as noted; as its .id file says now, "" if unknown */
	const char *folder, *stage, *host, *user;
	const char *place, *mount; /* of what the folder lies on; older versions noted mount point or none */
	const char *path;	   /* of the note */
	time_t used;
	enum root_state state;
};

/* The folder's stage uses this artifact. False: in a store that this user may only read it is not noted. */
bool roots_note(const char *folder, const char *stage, const char *id);

/* Whether the note at path is the one of that stage of that folder, by its name. */
bool roots_is_note(const char *path, const char *folder, const char *stage);

/* Call f for each note that can be read, in no order; what it points to is f's only until it returns. For one
 * that cannot, bad(path, e), e naming it too (NULL: pass over it). */
void roots_each(void (*f)(const struct root *root, void *context),
		void (*bad)(const char *path, const struct error *e, void *context), void *context);

/* Whether gc must keep what it names. */
bool roots_counts(const struct root *root);

#endif
