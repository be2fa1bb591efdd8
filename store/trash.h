/*
 * Where gc puts an object before it removes it: <store>/trash/<id>.mdb, and <id>.since, whose time says since
 * when. It lies there for the grace time; who asks for it meanwhile has it back by a rename, and no rename is
 * half done: either the object is back, or it is gone and a miss.
 *
 *	trash_put(id);
 *	if (trash_take_back(id)) ...
 */
#ifndef STORE_TRASH_H
#define STORE_TRASH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "store/digest.h"

/* Move the object there; dies if the store does not allow it. False: it was not in its place any more. */
bool trash_put(const char *id);

/* Put it back into its place. False: it is not in the trash, or this user may not. */
bool trash_take_back(const char *id);

/* Path of an object in the trash, whether it is there or not; yours to free. */
char *trash_path(const char *id);
bool trash_has(const char *id);

/* Since when. An object without that note, or with one from the future, gets one of now. */
time_t trash_since(const char *id);

/* Remove for good; false: it was taken back, or another removed it. The note stays until trash_forget, so
 * that a gc that was killed before it had removed the entries too is brought to its end by the next. */
bool trash_remove(const char *id);
void trash_forget(const char *id);

/* Those that have a note and are neither here nor in their place; new reference, ids as members. */
json_t *trash_gone(void);

/* All that is there, sorted; yours to free. */
size_t trash_list(char (**ids)[DIGEST_HEX]);

#endif
