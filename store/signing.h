/*
 * Who signs here, and whose signatures are taken here (docs/trust.md).
 *	key          $EINTHOVEN_KEY, else ${XDG_CONFIG_HOME:-~/.config}/einthoven/key.pem if it is there
 *	trust.yaml   $EINTHOVEN_TRUST, else trust.yaml in the working folder if it is there
 * An empty variable means none, whatever is there. What is there and cannot be opened, as a link that leads
 * nowhere, is not none. Both are read once, on the first call.
 */
#ifndef STORE_SIGNING_H
#define STORE_SIGNING_H

#include "trust/key.h"
#include "trust/policy.h"

/* Where the key is, or would be by default; borrowed. NULL: nowhere ($EINTHOVEN_KEY is empty, or there is no
 * home). */
const char *signing_key_path(void);

/* The trust.yaml that is asked, whether it can be read or not; borrowed. NULL: none. */
const char *signing_policy_path(void);

/* NULL: there is none. Dies if there is one that cannot be used. Borrowed. */
const struct key *signing_key(void);
const struct policy *signing_policy(void);

/* Before work whose result is to be signed: dies if key or trust.yaml cannot be used, and warns if the result
 * would not be taken as a hit. */
void signing_check(const char *stage);

#endif
