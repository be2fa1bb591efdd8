/*
 * The objects of the local store as a list (with those in the trash, store/trash.h), and names that a user
 * types for them.
 *
 *	char (*ids)[DIGEST_HEX];
 *	size_t n = objects_list(&ids);     // sorted; yours to free
 *	objects_resolve(id, "3fa9c1", &e); // an id, an unambiguous beginning of one, or a file that holds one
 */
#ifndef STORE_OBJECTS_H
#define STORE_OBJECTS_H

#include <stddef.h>

#include "common/error.h"
#include "store/digest.h"

size_t objects_list(char (**ids)[DIGEST_HEX]);

/* Those in one folder of the store, "trash", or below objects, "objects"; sorted, yours to free. */
size_t objects_in(const char *folder, char (**ids)[DIGEST_HEX]);

/* The full id for name: 64 digits, four or more first digits of one object's id, or the path of an .id file.
 * 0, or -1 with e filled: none or several fit. The object need not exist if all digits are given. */
int objects_resolve(char id[DIGEST_HEX], const char *name, struct error *e);

#endif
