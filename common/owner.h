/*
 * Names of temporary files that say whose they are, "<pid>-<start>-<number>@<host>": no other process has the
 * same, on this host or on another that shares the folder. start is when the process began, in clock ticks
 * since its host did, so that another which has got its number is not taken for it; left out where there is
 * no /proc. Whether a process lives only its own host can tell.
 *
 *	char *name = owner_name();                      // "4711-88123-0@node3"
 *	if (owner_of("fetch.id.4711-88123-0@node3.new") == OWNER_GONE) ...
 */
#ifndef COMMON_OWNER_H
#define COMMON_OWNER_H

#include <jansson.h>

enum owner {
	OWNER_NONE,	 /* no such name */
	OWNER_ELSEWHERE, /* of another host: alive or not */
	OWNER_LIVES,	 /* on this host; a process of this number at least */
	OWNER_GONE	 /* has ended, whether or not its parent knows */
};

/* Never the same twice; yours to free. Safe in several threads. */
char *owner_name(void);

/* This host as such names have it: letters that a file's name may have. */
enum { OWNER_HOST_BYTES = 65 };
void owner_host(char host[OWNER_HOST_BYTES]);

/* This user's login name as JSON text, or the number of the user if there is no name; new reference. */
json_t *owner_user(void);

/* Whose a file is. name: an owner_name, alone or behind a dot, and behind it at most ".new" or a newline. */
enum owner owner_of(const char *name);

#endif
