#include "trust/sigstore.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "common/sha256.h"
#include "trust/base64.h"
#include "trust/envelope.h"

static void hex_of(char hex[65], const void *bytes, size_t n)
{
	uint8_t digest[32];
	sha256_of(digest, bytes, n);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

/* The digest over all files' digests; there is one file. */
static void root_of(char hex[65], const char *sha256)
{
	uint8_t bytes[32];
	for (int i = 0; i < 32; i++)
		sscanf(sha256 + 2 * i, "%2hhx", &bytes[i]);
	hex_of(hex, bytes, sizeof bytes);
}

static char *statement(const char *name, const char *sha256, const char *artifact, size_t *n)
{
	char root[65];
	root_of(root, sha256);
	json_t *document = json_pack(
		"{s:s, s:{s:{s:s}, s:[{s:s, s:s, s:s}], s:{s:b, s:s, s:[], s:s}}, s:s, s:[{s:{s:s}, s:s}]}",
		"_type", "https://in-toto.io/Statement/v1", "predicate", "einthoven", "artifact", artifact,
		"resources", "algorithm", "sha256", "digest", sha256, "name", ".", "serialization",
		"allow_symlinks", 0, "hash_type", "sha256", "ignore_paths", "method", "files",
		"predicateType", "https://model_signing/signature/v1.0", "subject", "digest", "sha256", root,
		"name", name);
	if (!document)
		BUG("a model's statement is not JSON");
	char *text = json_canonical(document, n);
	json_decref(document);
	return text;
}

/* What verifiers compare with the SHA-256 of the public key that they were given. */
static void hint_of(char hex[65], const struct key *key)
{
	char *pem = key_model_pem(key);
	hex_of(hex, pem, strlen(pem));
	free(pem);
}

char *sigstore_bundle(const struct key *key, const char *name, const char *sha256, const char *artifact,
		      size_t *n)
{
	size_t n_payload, n_pae, n_signature;
	char hint[65], *payload = statement(name, sha256, artifact, &n_payload);
	char *pae = envelope_pae(ENVELOPE_INTOTO, payload, n_payload, &n_pae);
	uint8_t *signature = key_model_sign(key, pae, n_pae, &n_signature);
	char *body = base64_encode(payload, n_payload), *sig = base64_encode(signature, n_signature);

	hint_of(hint, key);
	json_t *document =
		json_pack("{s:{s:s, s:s, s:[{s:s, s:s}]}, s:s, s:{s:{s:s}, s:[]}}", "dsseEnvelope", "payload",
			  body, "payloadType", ENVELOPE_INTOTO, "signatures", "keyid", "", "sig", sig,
			  "mediaType", "application/vnd.dev.sigstore.bundle.v0.3+json",
			  "verificationMaterial", "publicKey", "hint", hint, "tlogEntries");
	if (!document)
		BUG("a bundle is not JSON");
	char *text = json_canonical(document, n);

	json_decref(document);
	free(payload);
	free(pae);
	free(signature);
	free(body);
	free(sig);
	return text;
}
