/*
 * Whole small files and safe replacement. Every function that returns int gives 0, or -1 with e filled; what
 * the system refused is e's cause.
 *
 * In a folder with the set-group-id bit, which people share, new files and folders have the rights that the
 * folder gives, whatever the umask of who makes them: else what one with umask 077 makes stops the others.
 */
#ifndef COMMON_FILE_H
#define COMMON_FILE_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

/* Read a whole regular file of at most max bytes into *bytes (yours to free; a NUL follows the last byte).
 * What lies there and is none (a folder, a link that leads nowhere) has no cause; nothing there: ENOENT. */
int file_read(char **bytes, size_t *n_bytes, const char *path, size_t max, struct error *e);

/* Replace path by these bytes as one step (temporary file beside it, fsync, rename): a reader sees
 * the old or the new. */
int file_replace(const char *path, const void *bytes, size_t n_bytes, struct error *e);

/* As file_replace, but leave the file and its mtime alone when it already holds these bytes. */
int file_replace_if_different(const char *path, const void *bytes, size_t n_bytes, struct error *e);

/* Remove from a folder what processes of this host that are gone left before their rename. */
void file_clean(const char *folder);

/* mkdir -p. */
int file_make_folder(const char *path, struct error *e);

/* As opendir, but NULL where the name's last part is a link: for who removes what lies there, in a place
 * where others may write. */
DIR *file_open_folder(const char *path);

/* Give a file that was just made at path, and is open, the rights of its folder if that is shared: for those
 * who open files themselves. Where that is not allowed, or not possible, it stays as it is; so does what is
 * no plain file, or has a second name: that may be somebody's own, elsewhere. */
void file_share(int fd, const char *path);

/* Write all of the bytes, also where one call writes a part or is interrupted. -1: errno says why. */
int file_write(int fd, const void *bytes, size_t n_bytes);

bool file_exists(const char *path);

/* Path of a file in the folder of the running executable; yours to free. */
char *file_beside_program(const char *name);

/* Whether there may be something of that name: also a link that leads nowhere, and what cannot be looked at.
 * For a file that forbids something: whoever then reads it fails, rather than go on as if it were not there.
 */
bool file_is_named(const char *path);

/* fsync of the folder that holds path, so that a rename in it survives a power cut. */
int file_sync_folder(const char *path, struct error *e);

#endif
