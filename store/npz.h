/*
 * numpy's .npz: a zip whose members, stored as they are one after the other (PKWARE APPNOTE 4.3), are arrays
 * in numpy's format 1.0. Up to 4 GB.
 *
 *	struct npz z = {0};
 *	struct bytes x = npz_array("<f4", n, width);
 *	bytes_add(&x, floats, n * width * 4);
 *	npz_add(&z, "x.npy", &x);
 *	struct bytes file = npz_end(&z);
 */
#ifndef STORE_NPZ_H
#define STORE_NPZ_H

#include <jansson.h>

#include "store/bytes.h"

struct npz {
	struct bytes file, directory;
	int n;
};

/* The head of an array [n][width], or [n] if width is 0, to which its values are to be added. dtype in
 * numpy's words, "<f4", or a list of fields. */
struct bytes npz_array(const char *dtype, uint64_t n, uint64_t width);
/* A whole array of texts; an array of JSON texts. */
struct bytes npz_texts(const json_t *texts);

/* Frees data. */
void npz_add(struct npz *z, const char *name, struct bytes *data);
/* The whole file; the rest of z is freed. */
struct bytes npz_end(struct npz *z);

#endif
