/*
 * What is held of an action entry: whether it may be a hit here, who signed it, and if it is refused, why.
 * Filled by store/action.h for every entry that is read.
 *
 *	struct verdict v;
 *	json_t *statement = action_read(key, id, &v, &e);
 *	printf("%s", verdict_text(&v));        // "signed by ada", "unsigned", "refused: ..."
 */
#ifndef TRUST_VERDICT_H
#define TRUST_VERDICT_H

#include <stdbool.h>

enum verdict_kind {
	VERDICT_DAMAGED,       /* cannot be read, or was changed after it was written */
	VERDICT_OTHER_ACTION,  /* of another action than the one it is filed under: a copy */
	VERDICT_MISFIT,	       /* its parts (subject, params, inputs, code) say different things */
	VERDICT_BAD_SIGNATURE, /* changed after it was signed, or signed by somebody else than it says */
	VERDICT_UNSIGNED,
	VERDICT_UNKNOWN_KEY, /* signed by a key that trust.yaml does not list; or there is no trust.yaml */
	VERDICT_REVOKED,
	VERDICT_WRONG_STAGE, /* that key may not sign for this stage */
	VERDICT_WRONG_TIME,  /* made before or after the key holds, or before "since" */
	VERDICT_TRUSTED,
};

/* The first four mean that the entry says nothing: action_read gives no statement. */
struct verdict {
	enum verdict_kind kind;
	bool is_taken; /* whether it may be a hit: trusted, or there is no trust.yaml and nothing is wrong */
	char who[64];  /* the signer's name in trust.yaml; "": unsigned or unknown */
	char key[192]; /* the signer's public key (trust/key.h); "": unsigned */
	char why[320]; /* of a refusal: a sentence that goes on from "this entry": "is not signed, ..." */
};

/* Set kind, is_taken = false and the reason. */
void verdict_refuse(struct verdict *v, enum verdict_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* In a word or two for tables: "unsigned", "signed by ada", "unknown key", "revoked key", ... Borrowed from v
 * or static. */
const char *verdict_word(const struct verdict *v, char text[96]);

#endif
