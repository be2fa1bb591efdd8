/*
 * Many SHA-256 digests, two texts at a time (store/sha256_x86.h): what digest_of_many does where the
 * processor can.
 */
#ifndef STORE_DIGEST_PAIRS_H
#define STORE_DIGEST_PAIRS_H

#include <stddef.h>

#include "store/digest.h"

/* As digest_of_many; only where sha256_x86_is_there. */
void digest_pairs(struct digest *digests, const struct digest_text *texts, size_t n);

#endif
