/*
 * Where the entry of a further signer stands. Two who made the same result each sign a statement of their own
 * (who, when, where), and one envelope holds signatures of one statement only. The first entry stands under
 * the action's key; that of another signer under a name that follows from the key and his public key, so
 * whoever trusts him finds it without a list:
 *	ac/<SHA-256 of "einthoven-signer/1\n<action key>\n<line of the public key>">
 *
 *	char name[DIGEST_HEX];
 *	signer_name(name, key, line);
 */
#ifndef REMOTE_SIGNER_H
#define REMOTE_SIGNER_H

#include "store/digest.h"

/* line: as in trust.yaml (trust/key.h). */
void signer_name(char name[DIGEST_HEX], const char *key, const char *line);

#endif
