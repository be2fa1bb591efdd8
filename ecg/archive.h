/*
 * The one door to libarchive, which is loaded when the first archive is opened and not before: a stage that
 * finds its result in the store never pays for it.
 *
 *	archive_each("ptb-xl.zip", wants, take, &context, &e);
 */
#ifndef ECG_ARCHIVE_H
#define ECG_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

#define ARCHIVE_FILE_MAX    (1L << 30) /* most bytes of one file in an archive */
#define ARCHIVE_ENTRIES_MAX 10000000L  /* most entries */

/* Walk through a zip file and give the bytes of each file that wants() names to take() (borrowed for the call). Threads
 * unpack different files, so take() sees them in any order; both callbacks are called one at a time. Only regular files
 * and folders are let through; names must stay inside (ecg/path.h); a wrong CRC and an end that comes too soon are errors.
 * Needs the zip's directory at its end, so half a file is refused at once. Nothing is unpacked to disk. 0, or -1 with e
 * filled; take's -1 ends the walk. */
int archive_each(const char *path, bool (*wants)(void *context, const char *name),
		 int (*take)(void *context, const char *name, const void *bytes, size_t n_bytes,
			     struct error *e),
		 void *context, struct error *e);

#endif
