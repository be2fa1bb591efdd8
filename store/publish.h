/*
 * New files of the store: made in <store>/tmp, locked (flock) while their process lives, and put in their
 * place whole or not at all: fsync, mode 0444 (less as the folder or the umask says), rename, fsync of the
 * folder. What a killed process left in tmp holds no lock, so the next writer on its host removes it (another
 * host may not see the lock: there `store gc` does, after a month); what an exiting one has left is removed
 * by atexit.
 *
 *	struct publish *p = publish_begin();
 *	publish_write(p, bytes, n);                        // or by any means to publish_path(p)
 *	publish_end(p, ".store/objects/ab/ab12.mdb");      // or publish_drop(p)
 *
 * Everything here dies when the environment fails, naming the path and what to do.
 */
#ifndef STORE_PUBLISH_H
#define STORE_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>

struct publish;

/* Before long work: dies if this user could not publish what comes of it, because a folder of the store
 * belongs to a colleague who left the group no right to write. */
void publish_check(void);

struct publish *publish_begin(void);
/* Borrowed until publish_end or publish_drop. */
const char *publish_path(const struct publish *p);
/* Append bytes. */
void publish_write(struct publish *p, const void *bytes, size_t n_bytes);

/* Put the file at path (folders are made), replacing what is there; frees p. */
void publish_end(struct publish *p, const char *path);
/* The same, but what is there stays: false if there was something. Frees p either way. */
bool publish_first(struct publish *p, const char *path);
void publish_drop(struct publish *p);

/* Remove from <store>/tmp and <store>/locks what dead processes of this host left; returns how many files. */
int publish_clean(void);

/* Open a file of the store for locking it, in the folder that is open as `folder` (or AT_FDCWD): for
 * writing, which NFS wants for LOCK_EX, or where that is not allowed for reading, which does
 * elsewhere. Not what a link leads to. -1 and errno. */
int publish_open(int folder, const char *name);

/* Whether a process holds the file, or that cannot be told; not once it is gone. */
bool publish_is_held(const char *path);

/* mkdir -p in the store. */
void publish_folder(const char *path);

/* die() for a failed write to the store: says what errno means and what to do about a full or unwritable
 * disk. */
_Noreturn void publish_die(const char *path, const char *doing, int errno_value);

#endif
