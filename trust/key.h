/*
 * Keys for signing: Ed25519, as the PEM files that openssl writes and reads (private: PKCS#8, mode 0600;
 * public: SubjectPublicKeyInfo). A public key is written everywhere as the one line of its PEM,
 * "MCowBQYDK2VwAyEA" and 44 characters; this line is also the key's id in envelopes and trust.yaml, so that
 * whoever has openssl can check a signature without another tool:
 *
 *	struct key *key = key_open("key.pem", &e);        // NULL: e says why not
 *	uint8_t signature[KEY_SIGNATURE];
 *	key_sign(signature, key, bytes, n);
 *	if (key_verify(key_line(key), signature, bytes, n)) ...
 *	key_close(key);
 *
 * Bytes of a private key stay in here and in libcrypto; what was read of the file is wiped.
 */
#ifndef TRUST_KEY_H
#define TRUST_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

#define KEY_SIGNATURE 64
#define KEY_LINE      61 /* 60 characters and a NUL */

struct key;

/* Make a new private key. The file must not exist; its mode is 0600 from the beginning. */
int key_make(const char *path, struct error *e);

/* A private key. Refused: a file that others than its owner may read or write, one that needs a passphrase,
 * one of another kind. */
struct key *key_open(const char *path, struct error *e);
void key_close(struct key *key);

/* The public key. Borrowed. */
const char *key_line(const struct key *key);

/* Whether text is the line of a public key, in its one canonical form. */
bool key_is_line(const char *text);

void key_sign(uint8_t signature[KEY_SIGNATURE], const struct key *key, const void *bytes, size_t n_bytes);

/* Whether this key signed these bytes. A line that is none: false. */
bool key_verify(const char *line, const uint8_t signature[KEY_SIGNATURE], const void *bytes, size_t n_bytes);

/* ---- for models ----
 * Programs that verify model signatures know ECDSA and no Ed25519. So that there is one secret to keep, a key
 * on P-256 is derived from the first (HKDF-SHA256); it signs nothing else. */

/* Its public key, as a PEM file and as the line of that file (124 characters); yours to free. */
char *key_model_pem(const struct key *key);
char *key_model_line(const struct key *key);
bool key_is_model_line(const char *text);

/* ECDSA with SHA-256, in DER; yours to free. */
uint8_t *key_model_sign(const struct key *key, const void *bytes, size_t n_bytes, size_t *n);

#endif
