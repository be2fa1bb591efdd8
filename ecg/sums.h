/*
 * SHA256SUMS.txt as PhysioNet and sha256sum write it: per line 64 hex digits, white space (and perhaps '*'),
 * a path inside the dataset.
 *
 *	struct sums *s = sums_open("SHA256SUMS.txt", bytes, n_bytes, &e);
 *	const char *hex = sums_find(s, "records100/00000/00001_lr.dat");   // NULL: not listed
 */
#ifndef ECG_SUMS_H
#define ECG_SUMS_H

#include <stddef.h>

#include "common/error.h"

#define SUMS_FILE "SHA256SUMS.txt"

struct sums;

/* NULL with e filled: a line of another form, a path that stands twice with different digests. */
struct sums *sums_open(const char *name, const char *bytes, size_t n_bytes, struct error *e);
void sums_close(struct sums *s);

/* The digest of a path, 64 lower-case hex digits and a NUL, borrowed; or NULL. */
const char *sums_find(const struct sums *s, const char *path);

#endif
