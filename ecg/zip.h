/*
 * A zip file (APPNOTE.TXT 6.3; zip64 too) as files by name, each of which can be read at any time and by
 * several threads at once. Opening reads the directory at the zip's end and keeps 16 bytes of each entry;
 * nothing is unpacked to disk.
 *
 *	struct zip *z = zip_open("ptb-xl.zip", &e);
 *	struct zip_member m;
 *	if (zip_find(z, &m, "ptb-xl/records100/00000/00001_lr.hea", &e) > 0 && m.n_bytes <= most) {
 *		struct zip_stream *s = zip_stream_open(z, &m, &e);
 *		while ((n = zip_stream_read(s, bytes, sizeof bytes, &e)) > 0) ...
 *		zip_stream_close(s);
 *	}
 *	zip_close(z);
 *
 * The bytes may be hostile. A member is bounded by what the directory says of it: the sizes and the method in
 * front of its data must be the same, inflating stops at the listed size, and the CRC must be right at its
 * end. What nobody asks for does not matter: a link, an encrypted file or a strange name is an error only
 * when it is asked for.
 */
#ifndef ECG_ZIP_H
#define ECG_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

#define ZIP_MEMBERS_MAX 10000000 /* most entries */

struct zip;

/* A file in the zip, as its directory lists it. */
struct zip_member {
	const char *name;  /* borrowed from whoever asked for it */
	uint64_t n_bytes;  /* unpacked */
	uint64_t n_packed; /* in the zip */
	uint64_t at;	   /* of its local header in the file */
	uint32_t crc;
	unsigned method, flags;
};

/* path is borrowed until zip_close. NULL with e filled: no zip file, or only part of one. */
struct zip *zip_open(const char *path, struct error *e);
void zip_close(struct zip *z);

/* Give every name, in the directory's order, to see() (borrowed for the call). 0, or -1 with e filled. */
int zip_names(const struct zip *z, void (*see)(void *context, const char *name), void *context,
	      struct error *e);

/* Look up a regular file: 1, 0 if there is none of this name, -1 with e filled if it stands there twice or
 * cannot be read (a link, encrypted, packed by another method than deflate). */
int zip_find(const struct zip *z, struct zip_member *m, const char *name, struct error *e);

struct zip_stream;

/* m is copied, its name borrowed until zip_stream_close. */
struct zip_stream *zip_stream_open(const struct zip *z, const struct zip_member *m, struct error *e);
void zip_stream_close(struct zip_stream *s);

/* The next at most n bytes: how many, 0 at the end (then size and CRC are right), -1 with e filled. */
long zip_stream_read(struct zip_stream *s, void *bytes, size_t n, struct error *e);

#endif
