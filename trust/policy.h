/*
 * Whose signatures are taken: trust.yaml (docs/trust.md).
 *
 *	since: 2026-01-01            # entries made before are nobody's, whoever signed them
 *	keys:
 *	  ada:                       # a name for messages
 *	    key: MCowBQYDK2VwAyEA...   # `store keygen` prints it
 *	    who: Ada Lovelace
 *	    models: MFkwEwYHKoZIzj0C... # her key for exported models (trust/key.h), for who checks these
 *	    stages: [fetch, preprocess]    # without: all
 *	    from: 2026-01-01         # without: always; both days are included
 *	    until: 2026-12-31
 *	    revoked: laptop stolen   # nothing this key signed is taken any more, whatever time it bears
 *
 *	struct policy *p = policy_open("trust.yaml", &e);         // NULL: e says file and line
 *	policy_judge(&verdict, p, &envelope, "pretrain", "2026-05-01T12:00:00.000Z");
 *	policy_close(p);
 *
 * The times are those that the signer wrote: they bound what an honest holder of a key does. Against a thief
 * helps "revoked" alone.
 */
#ifndef TRUST_POLICY_H
#define TRUST_POLICY_H

#include <stddef.h>

#include "common/error.h"
#include "trust/envelope.h"
#include "trust/verdict.h"

struct signer {
	char *name, *key, *who; /* who: "" if nothing is said */
	char *models;		/* NULL: none is said */
	char **stages;		/* NULL-terminated; NULL: all */
	char *from, *until;	/* "2026-01-01" or "2026-01-01T12:00:00"; NULL: no bound */
	char *revoked;		/* why; NULL: it is not */
};

struct policy;

/* NULL with e filled on anything that is not as above. name stands for the file in messages. */
struct policy *policy_open(const char *path, struct error *e);
struct policy *policy_parse(const char *text, size_t n_bytes, const char *name, struct error *e);
void policy_close(struct policy *p);

/* Borrowed. */
const struct signer *policy_signers(const struct policy *p, size_t *n);

/* Judge an entry of a stage, finished at `made` (RFC 3339, UTC), by its envelope (NULL: it has none), which
 * envelope_verify has seen. One signature that holds is enough. p NULL: there is no trust.yaml; then all is
 * taken whose signatures are not wrong. Fills all of v. */
void policy_judge(struct verdict *v, const struct policy *p, const struct envelope *envelope,
		  const char *stage, const char *made);

/* Whether what this key signs now would be taken, for `stage`. Fills v likewise. */
void policy_judge_key(struct verdict *v, const struct policy *p, const char *line, const char *stage,
		      const char *now);

#endif
