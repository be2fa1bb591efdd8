/*
 * SHA-256 by file: SHA256SUMS.txt as PhysioNet and sha256sum write it (per line 64 hex digits, white space
 * and perhaps '*', a path inside the dataset), or what was found of files that are read.
 *
 *	struct sums *s = sums_open("SHA256SUMS.txt", reader, &e);
 *	struct sum *x = sums_find(s, "records100/00000/00001_lr.dat");   // NULL: not listed
 *
 * Some 50 bytes of memory a file, and its path.
 */
#ifndef ECG_SUMS_H
#define ECG_SUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "ecg/reader.h"

#define SUMS_FILE "SHA256SUMS.txt"
/* What to say where it must be and is not. */
#define SUMS_MISSING                                                                                         \
	"not there, so nothing says whether the files are whole. Copy the publisher's to them; or make "     \
	"one, of "                                                                                           \
	"the files as they are: find . -type f ! -name " SUMS_FILE " -exec sha256sum {} + > " SUMS_FILE      \
	"; or do without: fetch.allow_missing_sums=true"
#define SUMS_BYTES 32
#define SUMS_HEX   65

struct sum {
	const char *path;
	uint8_t digest[SUMS_BYTES];
	bool is_used; /* the caller's */
};

struct sums;

/* Sorted. NULL with e filled: a line of another form, a path that stands twice with different digests. */
struct sums *sums_open(const char *name, struct reader reader, struct error *e);

/* An empty list to add to; of a path that is added twice one digest is kept. */
struct sums *sums_new(void);
void sums_add(struct sums *s, const char *path, const uint8_t digest[SUMS_BYTES]);

void sums_close(struct sums *s);

/* The entry of a path, borrowed, or NULL. */
struct sum *sums_find(struct sums *s, const char *path);

/* All entries, ascending paths, each once; borrowed until the next sums_add. */
struct sum *sums_list(struct sums *s, size_t *n);

/* Lower-case digits and a NUL. */
void sums_hex(char hex[SUMS_HEX], const uint8_t digest[SUMS_BYTES]);

#endif
