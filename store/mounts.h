/*
 * Where file systems are mounted (/proc/self/mountinfo): so that a folder whose disk or server is not mounted
 * now is not taken for one that was removed, nor a folder of another host for one of the same name here.
 *
 *	char *place = mounts_place("/mnt/ada/ecg/build/runs/default");    // "nfs4 nas:/ada / /mnt/ada"
 *	if (strcmp(place, before) != 0) ... nobody can tell what lay below it
 */
#ifndef STORE_MOUNTS_H
#define STORE_MOUNTS_H

#include <stdbool.h>

/* What an absolute path without links lies on: the same text on all hosts that see the same files there,
 * another on all others. Of file systems that hosts share it names type, source, root and mount point, else
 * this machine (/etc/machine-id, or its name where there is none), when the mounted folder was made (where
 * the file system says it and outlives its mount), root and mount point. Machines that were cloned with their
 * id and their disk count as one. NULL: cannot be told. Yours to free. */
char *mounts_place(const char *path);

/* Whether the path lies on a file system that remembers names, or that there are none, for a while: NFS, SMB,
 * AFS, FUSE. False also where that cannot be told. */
bool mounts_remember_names(const char *path);

/* Whether something is mounted at that point; "/" always is. */
bool mounts_has(const char *point);

#endif
