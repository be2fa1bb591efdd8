/*
 * The names in a folder of the store.
 *
 *	folder_each("checkpoints", see, &context);   // see("<store>/checkpoints/ab12", "ab12", &context)
 */
#ifndef STORE_FOLDER_H
#define STORE_FOLDER_H

/* Where the store lies on a network's file system: what this host knows of the names in <store>/<folder> is
 * asked anew. NFS keeps them for up to a minute, those that are not there too, whatever other hosts have done
 * meanwhile; that the folder's time was set is answered with how it is now. */
void folder_refresh(const char *folder);

/* Call f with path and name of each entry of <store>/<folder> ("": the store itself) that does not begin with
 * a dot, in no order, as it is now (folder_refresh); f may remove it. A folder that is not there is empty.
 * Dies if one cannot be read to its end: who takes half of it for the whole may remove what is needed. */
void folder_each(const char *folder, void (*f)(const char *path, const char *name, void *context),
		 void *context);

#endif
