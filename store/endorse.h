/*
 * Signing entries of a store that have no signature, those made before there was a key; and, of those that
 * are named, also what others have signed: our signature then stands beside theirs. Whoever signs an entry
 * vouches for it, and what can be checked here is checked first: the entry's seal and that its parts fit, and
 * every digest of the object it names. What cannot be checked without running the stage again is that the
 * action gave that object: this rests on the store, and from then on on the signer's word.
 */
#ifndef STORE_ENDORSE_H
#define STORE_ENDORSE_H

#include <stddef.h>
#include <stdio.h>

#include "store/digest.h"

/* Sign the entries that name one of n ids and that our key has not signed (n 0: all that nobody has). A line
 * for each that was not signed, with the reason, and one on all. Returns how many could not be signed. Dies
 * without a key. */
size_t endorse_entries(FILE *out, const char (*ids)[DIGEST_HEX], size_t n);

#endif
