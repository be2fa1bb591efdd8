/*
 * DSSE envelopes (github.com/secure-systems-lab/dsse): bytes, what they are, and signatures over both.
 *	{"payload":"<base64>","payloadType":"application/vnd.in-toto+json",
 *	 "signatures":[{"keyid":"<line of the public key>","sig":"<base64>"}]}
 * Signed is "DSSEv1 <length of type> <type> <length of payload> <payload>". Who parses the payload must parse
 * exactly the bytes that were verified: those in the struct.
 *
 *	char *text = envelope_make(ENVELOPE_INTOTO, bytes, n_bytes, key, &n);
 *	struct envelope v;
 *	if (envelope_parse(&v, text, n, "entry.json", &e) == 0 && envelope_verify(&v)) ...
 *	envelope_release(&v);
 */
#ifndef TRUST_ENVELOPE_H
#define TRUST_ENVELOPE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "trust/key.h"

#define ENVELOPE_INTOTO "application/vnd.in-toto+json"

enum { ENVELOPE_SIGNATURES = 16 }; /* more are refused */

struct envelope {
	char *type; /* of the payload */
	char *payload;
	size_t n_payload;
	int n_signatures; /* at least 1 */
	struct envelope_signature {
		char keyid[KEY_LINE]; /* whose it is said to be; "": of no key of ours */
		uint8_t bytes[KEY_SIGNATURE];
		bool is_whole; /* of the length that our signatures have */
		bool is_right; /* set by envelope_verify */
	} signature[ENVELOPE_SIGNATURES];
};

/* The bytes that are signed; yours to free. */
char *envelope_pae(const char *type, const void *payload, size_t n_payload, size_t *n);

/* A new envelope as canonical JSON with one signature; yours to free. */
char *envelope_make(const char *type, const void *payload, size_t n_payload, const struct key *key,
		    size_t *n);

/* Whether a JSON document is an envelope, and not a plain statement. */
bool envelope_is(const json_t *document);

/* Take an envelope apart; nothing is verified yet. 0, or -1 with e filled and nothing to release. */
int envelope_parse(struct envelope *v, const char *text, size_t n, const char *name, struct error *e);
int envelope_read(struct envelope *v, const json_t *document, const char *name, struct error *e);
void envelope_release(struct envelope *v);

/* Set is_right of each signature: whether the key that it names did sign the payload. True if one is. */
bool envelope_verify(struct envelope *v);

/* Whether the key of that line did, once envelope_verify has looked. */
bool envelope_has(const struct envelope *v, const char *line);

/* The document of an envelope with this key's signature beside those that it has, as canonical JSON; what
 * they sign stays as it is. Yours to free. NULL with e filled: it is no envelope, or has all the signatures
 * it may have. */
char *envelope_add(const json_t *document, const struct key *key, size_t *n, const char *name,
		   struct error *e);

/* Two documents around the same bytes: ours with the right signatures of theirs beside, as many as fit. Each
 * may be the payload alone, without signatures. As canonical JSON, yours to free; NULL: they are around other
 * bytes, or ours has no right signature that theirs has not. */
char *envelope_join(const char *ours, size_t n_ours, const char *theirs, size_t n_theirs, size_t *n);

#endif
