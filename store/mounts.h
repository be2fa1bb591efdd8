/*
 * Where file systems are mounted (/proc/self/mountinfo): so that a folder whose disk or server is not mounted
 * now is not taken for one that was removed.
 *
 *	char *point = mounts_point("/mnt/ada/ecg/build/runs/default");     // "/mnt/ada"; yours to free
 *	if (!mounts_has(point)) ... nobody can tell what lies below it
 */
#ifndef STORE_MOUNTS_H
#define STORE_MOUNTS_H

#include <stdbool.h>

/* The deepest mount point that is path, an absolute one without links, or lies above it; "/" if none is
 * listed. NULL: the list cannot be read. Yours to free. */
char *mounts_point(const char *path);

/* Whether the path lies on a file system of several hosts, by its type (nfs, lustre, ...): then it names the
 * same file on each of them. False also where that cannot be told. */
bool mounts_is_network(const char *path);

/* Whether something is mounted at that point; "/" always is. */
bool mounts_has(const char *point);

#endif
