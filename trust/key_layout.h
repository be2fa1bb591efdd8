/* What is behind a struct key; for the files of key_*. */
#ifndef TRUST_KEY_LAYOUT_H
#define TRUST_KEY_LAYOUT_H

#include <openssl/evp.h>

#include "trust/key.h"

struct key {
	EVP_PKEY *pair;
	char line[KEY_LINE];
};

#endif
