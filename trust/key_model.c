/* The second key for models: ECDSA on P-256, derived from the first. */
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/kdf.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "trust/base64.h"
#include "trust/key.h"
#include "trust/key_layout.h"

enum { SEED = 32, WIDE = 48, POINT = 65 };

/* SubjectPublicKeyInfo of a point on P-256 up to the point, which is not compressed (RFC 5480). */
static const uint8_t spki[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
			       0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
			       0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

static _Noreturn void fail(void)
{
	die("libcrypto: cannot derive a key for models");
}

/* HKDF-SHA256 (RFC 5869) of the Ed25519 seed; 16 bytes more than the order has, so that reducing them leaves
 * no bias (FIPS 186-5, A.2.1). */
static void derive(uint8_t wide[WIDE], const struct key *key)
{
	static char info[] = "einthoven model signing P-256 v1", hash[] = "SHA256";
	uint8_t seed[SEED];
	size_t n = SEED;
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *c = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	if (!c || !EVP_PKEY_get_raw_private_key(key->pair, seed, &n) || n != SEED)
		fail();
	OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, hash, 0),
			       OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, seed, SEED),
			       OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, strlen(info)),
			       OSSL_PARAM_construct_end()};
	if (EVP_KDF_derive(c, wide, WIDE, params) != 1)
		fail();
	OPENSSL_cleanse(seed, sizeof seed);
	EVP_KDF_CTX_free(c);
	EVP_KDF_free(kdf);
}

/* The scalar: 1 + wide mod (order - 1). */
static BIGNUM *scalar_of(const struct key *key, const EC_GROUP *group, BN_CTX *c)
{
	uint8_t wide[WIDE];
	derive(wide, key);
	BIGNUM *x = BN_bin2bn(wide, WIDE, BN_secure_new()), *range = BN_dup(EC_GROUP_get0_order(group)),
	       *scalar = BN_secure_new();
	if (!x || !range || !scalar || !BN_sub_word(range, 1) || !BN_mod(scalar, x, range, c) ||
	    !BN_add_word(scalar, 1))
		fail();
	OPENSSL_cleanse(wide, sizeof wide);
	BN_clear_free(x);
	BN_free(range);
	return scalar;
}

static EVP_PKEY *pair_of(const BIGNUM *scalar, const uint8_t point[POINT])
{
	EVP_PKEY *pair = NULL;
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	if (!build || !OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) ||
	    !OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, scalar) ||
	    !OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, POINT))
		fail();
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (!params || !c || EVP_PKEY_fromdata_init(c) != 1 ||
	    EVP_PKEY_fromdata(c, &pair, EVP_PKEY_KEYPAIR, params) != 1)
		fail();
	EVP_PKEY_CTX_free(c);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	return pair;
}

static EVP_PKEY *model_pair(const struct key *key)
{
	uint8_t bytes[POINT];
	BN_CTX *c = BN_CTX_secure_new();
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *point = group ? EC_POINT_new(group) : NULL;
	if (!c || !point)
		fail();
	BIGNUM *scalar = scalar_of(key, group, c);
	if (!EC_POINT_mul(group, point, scalar, NULL, NULL, c) ||
	    EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, bytes, POINT, c) != POINT)
		fail();
	EVP_PKEY *pair = pair_of(scalar, bytes);
	BN_clear_free(scalar);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	BN_CTX_free(c);
	return pair;
}

char *key_model_pem(const struct key *key)
{
	EVP_PKEY *pair = model_pair(key);
	BIO *memory = BIO_new(BIO_s_mem());
	char *bytes;
	if (!memory || !PEM_write_bio_PUBKEY(memory, pair))
		fail();
	long n = BIO_get_mem_data(memory, &bytes);
	char *text = die_printf("%.*s", (int)n, bytes);
	BIO_free(memory);
	EVP_PKEY_free(pair);
	return text;
}

char *key_model_line(const struct key *key)
{
	char *pem = key_model_pem(key), *out = pem;
	for (char *row = strtok(pem, "\n"), *next; row; row = next) {
		next = strtok(NULL, "\n");
		if (*row == '-')
			continue;
		size_t n = strlen(row);
		memmove(out, row, n);
		out += n;
	}
	*out = 0;
	return pem;
}

bool key_is_model_line(const char *text)
{
	size_t n = 0, n_text = strlen(text);
	uint8_t *bytes = base64_decode(text, n_text, &n);
	bool is_one = bytes && n == sizeof spki - 1 + POINT && !memcmp(bytes, spki, sizeof spki) &&
		      !(n_text % 4) && !strpbrk(text, "-_");
	free(bytes);
	return is_one;
}

uint8_t *key_model_sign(const struct key *key, const void *bytes, size_t n_bytes, size_t *n)
{
	EVP_PKEY *pair = model_pair(key);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	if (!c || !EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, pair) ||
	    !EVP_DigestSign(c, NULL, n, bytes, n_bytes))
		fail();
	uint8_t *signature = die_malloc(*n);
	if (!EVP_DigestSign(c, signature, n, bytes, n_bytes))
		fail();
	EVP_MD_CTX_free(c);
	EVP_PKEY_free(pair);
	return signature;
}
