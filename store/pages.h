/*
 * The first look at an LMDB file, before LMDB maps it: LMDB believes what its two meta pages say and crashes
 * when they lie. This reads them as plain bytes (layout of LMDB 0.9, 64-bit, little-endian) and checks them
 * against the file.
 */
#ifndef STORE_PAGES_H
#define STORE_PAGES_H

#include <stddef.h>

#include "common/error.h"

/* 0, or -1 with e filled: not an LMDB 0.9 file, a meta page that makes no sense, or a file shorter than its
 * pages; or, with its cause, that it could not be read. *n_bytes gets the file's size. */
int pages_check(const char *path, size_t *n_bytes, struct error *e);

/* After a fault in the mapped file: read all of it as plain bytes. 0: the disk gives them, so it is they that
 * are wrong; else the errno with which it did not. */
int pages_read(const char *path);

#endif
