/*
 * Signatures of exported files that other programs check: OpenSSF Model Signing v1, as `model_signing verify
 * key` reads it. A Sigstore bundle v0.3 around a DSSE envelope around an in-toto statement of type
 * https://model_signing/signature/v1.0, signed with the key for models (trust/key.h). It has one resource,
 * called ".", which is how that program names a model that is one file.
 *
 *	char *text = sigstore_bundle(key, "encoder.onnx", sha256_hex, artifact_id, &n);    // yours to free
 */
#ifndef TRUST_SIGSTORE_H
#define TRUST_SIGSTORE_H

#include <stddef.h>

#include "trust/key.h"

/* name: the file's, without its folder; sha256: of its bytes; artifact: what it was exported from, put into
 * the predicate for who knows of artifacts. */
char *sigstore_bundle(const struct key *key, const char *name, const char *sha256, const char *artifact,
		      size_t *n);

#endif
