/* What ecg/zip.c (the directory) and ecg/zip_stream.c (a member's bytes) share. */
#ifndef ECG_ZIP_FILE_H
#define ECG_ZIP_FILE_H

#include "ecg/zip.h"

enum { ZIP_STORED = 0, ZIP_DEFLATED = 8 }; /* methods */

/* An entry of the directory, found by the hash of its name. */
struct zip_slot {
	uint64_t hash, at;
};

struct zip {
	const char *path;
	int fd;
	uint64_t file_bytes, directory_at, directory_bytes;
	uint64_t shift; /* bytes before the zip, which its offsets do not count */
	uint64_t n;	/* entries, folders too; modulo 2^16 if not is_64 */
	bool is_64;
	struct zip_slot *slots; /* ascending; of those that can be asked for */
	size_t n_slots, max_slots;
};

/* Exactly n bytes of the file from `at`; 0, or -1 with e filled. */
int zip_file_read(const struct zip *z, void *bytes, size_t n, uint64_t at, struct error *e);

/* Little-endian, at most 8 bytes. */
uint64_t zip_file_number(const uint8_t *at, int n_bytes);

#endif
