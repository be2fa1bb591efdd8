/*
 * Whole small files and safe replacement. Every function that returns int gives 0, or -1 with e filled.
 */
#ifndef COMMON_FILE_H
#define COMMON_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

/* Read a whole file of at most max bytes into *bytes (yours to free; a NUL follows the last byte). */
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

bool file_exists(const char *path);

/* fsync of the folder that holds path, so that a rename in it survives a power cut. */
int file_sync_folder(const char *path, struct error *e);

#endif
