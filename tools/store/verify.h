/*
 * `store verify`: whether what is there is what it was, printed, a line for what is not and one in all.
 *
 *	bool holds = verify_objects(ids, n, true);
 */
#ifndef TOOLS_STORE_VERIFY_H
#define TOOLS_STORE_VERIFY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "store/digest.h"

/* Every digest of n objects; and of all action entries, if wanted. */
bool verify_objects(const char (*ids)[DIGEST_HEX], size_t n, bool with_entries);

/* All that the artifacts of a list of ids were made of, back to the raw data. */
bool verify_chains(const json_t *ids);

/* The chain in a bundle, without a store. Dies if it is none. */
bool verify_bundle(const char *path);

#endif
