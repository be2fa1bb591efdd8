/*
 * The files of a dataset (ecg/source.h), each held against the dataset's SHA256SUMS.txt as it is read, and
 * noted with its digest. Several threads may read at once.
 *
 *	struct files *f = files_open("ptb-xl.zip", "ptbxl_database.csv", &options, &e);
 *	if (files_read(f, "records100/00000/00001_lr.hea", &bytes, &n, 1 << 16, &e) < 0) ...
 *	struct files_stream s;                                       // a large one
 *	if (files_stream_open(&s, f, "r.dat", &e) == 0 && files_stream_size(&s) < max)
 *		files_stream_whole(&s, &bytes, &n, &e);
 *	files_close(f);
 */
#ifndef ECG_FILES_H
#define ECG_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "ecg/source.h"
#include "ecg/sums.h"

/* SHA-256 over bytes as they come; close frees what open gave. */
struct files_sha256 {
	void *(*open)(void);
	void (*update)(void *stream, const void *bytes, size_t n_bytes);
	void (*close)(void *stream, uint8_t digest[SUMS_BYTES]);
};

struct files_options {
	bool must_have_sums;
	const char *own; /* a file that need not be listed: one's own beside the publisher's. NULL: none */
	struct files_sha256 sha256;
};

struct files;

/* place: a folder or a zip; marker as in ecg/source.h. NULL with e filled. options: borrowed. */
struct files *files_open(const char *place, const char *marker, const struct files_options *options,
			 struct error *e);
void files_close(struct files *f);

/* A whole file of at most max bytes; yours to free, a NUL follows the last byte. 0, or -1 with e filled if it
 * is missing, too large or not what SHA256SUMS.txt says. */
int files_read(struct files *f, const char *name, char **bytes, size_t *n_bytes, size_t max, struct error *e);

/* Give the files read so far, ascending, each once, with their SHA-256 to see() (borrowed for the call). */
void files_used(struct files *f, void (*see)(void *context, const char *name, const char hex[SUMS_HEX]),
		void *context);

/* ---- piece by piece ---- */

/* A file on its way in: what is read of it is hashed. */
struct files_stream {
	struct files *files;
	const char *name; /* borrowed */
	struct source_file *file;
	void *hash;
};

int files_stream_open(struct files_stream *s, struct files *f, const char *name, struct error *e);
uint64_t files_stream_size(const struct files_stream *s);
/* context: the stream, as ecg/reader.h has it. */
long files_stream_read(void *context, void *bytes, size_t n, struct error *e);
/* Read what is left, check it, close it. 0, or -1 with e filled. */
int files_stream_close(struct files_stream *s, struct error *e);
/* Close it unread, unchecked and unnoted. */
void files_stream_drop(struct files_stream *s);
/* All of it, as files_read; it is closed. */
int files_stream_whole(struct files_stream *s, char **bytes, size_t *n_bytes, struct error *e);

#endif
