#include "common/sha256.h"

#include <openssl/evp.h>

#include "common/die.h"

void sha256_of(uint8_t sum[SHA256_BYTES], const void *bytes, size_t n_bytes)
{
	if (!EVP_Q_digest(NULL, "SHA256", NULL, bytes, n_bytes, sum, NULL))
		die("libcrypto: cannot compute SHA-256");
}
