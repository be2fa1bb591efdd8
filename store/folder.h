/*
 * The folders of the store, and the names in them. In a shared store colleagues may put links where folders
 * and files belong: nothing is made, listed or removed through one. Only the store itself may be a link.
 *
 *	folder_refuse_links();                       // a command's first call
 *	folder_each("checkpoints", see, &context);   // see("<store>/checkpoints/ab12", "ab12", &context)
 */
#ifndef STORE_FOLDER_H
#define STORE_FOLDER_H

#include <stdbool.h>
#include <sys/stat.h>

#include "common/error.h"

/* With the path of the link. */
#define FOLDER_LINK                                                                                          \
	"%s is a link, and a store's folders are folders: remove it (the store as a whole may be one)"

/* Dies where a link lies in the place of one of the store's own folders. */
void folder_refuse_links(void);

/* Whether the store has a folder of that name. */
bool folder_is_known(const char *name);

bool folder_is_link(const char *path);

/* The first link among the parts of path that lie below the store, the last one too; yours to free. NULL:
 * none, or path is not of the store. */
char *folder_link(const char *path);

/* mkdir -p of <store>/..., -1 where a part is a link. */
int folder_make(const char *path, struct error *e);

/* Open <store>/<folder>, through no link, to list it or for openat. -1 and errno. */
int folder_open(const char *folder);

/* unlink of a file, or of a link itself, through no link below the store. -1 and errno. */
int folder_unlink(const char *path);

/* rename, likewise. */
int folder_move(const char *from, const char *to);

/* Open the folder that holds path: through no link if it is of the store, else as open does. *name, borrowed
 * from path, is what path is called in it. -1 and errno. */
int folder_open_above(const char **name, const char *path);

/* Where the store lies on a network's file system: what this host knows of the names in <store>/<folder> is
 * asked anew. NFS keeps them for up to a minute, those that are not there too, whatever other hosts have done
 * meanwhile; that the folder's time was set is answered with how it is now. */
void folder_refresh(const char *folder);

/* Call f with path and name of each entry of <store>/<folder> ("": the store itself) that does not begin with
 * a dot, in no order, as it is now (folder_refresh); f may remove it. A folder that is not there is empty.
 * Dies if one is a link, or cannot be read to its end: who takes half of it for the whole may remove what is
 * needed. */
void folder_each(const char *folder, void (*f)(const char *path, const char *name, void *context),
		 void *context);

#endif
