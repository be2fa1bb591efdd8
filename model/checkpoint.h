/*
 * The state of a training as one file, replaced as a whole: whatever kills the process leaves the
 * old state or the new.
 *
 *	struct checkpoint_part parts[] = {{&step, sizeof step}, {weights, n}, {0}};
 *	checkpoint_save(path, key, parts);
 *	if (checkpoint_load(path, key, parts)) ...          // filled, continue from step
 *
 * File: "einthoven-checkpoint/2\n", key (64 bytes), the SHA-256 of all that follows it (32 bytes), then each
 * part as u64 length and bytes; little-endian. (Version 1 had a Fletcher sum, which takes a word of 0 for one
 * of ffffffff.)
 */
#ifndef MODEL_CHECKPOINT_H
#define MODEL_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>

struct checkpoint_part {
	void *bytes;
	size_t n_bytes;
};

/* parts end with {0}. key: 64 characters. Dies if the file cannot be written. */
void checkpoint_save(const char *path, const char *key, const struct checkpoint_part *parts);

/* True and all parts filled; false and nothing touched if there is no file, or (with a warning) one of other
 * sizes, of another key or damaged: then training starts anew. */
bool checkpoint_load(const char *path, const char *key, const struct checkpoint_part *parts);

#endif
