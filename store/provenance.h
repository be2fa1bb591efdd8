/*
 * What made an artifact, in a form that others' tools read: an in-toto Statement v1 with a SLSA v1 provenance
 * predicate (in-toto.io/Statement/v1, slsa.dev/provenance/v1). subject = the artifact's id;
 * resolvedDependencies = input ids, raw files, the code identity and the git commit;
 * internalParameters.action = the action itself, whose canonical JSON hashes to actionKey, and .seal the
 * SHA-256 of the statement's canonical JSON without the seal. The seal shows an edit or a failing disk;
 * against somebody who means it, there is the signature (store/action.h).
 */
#ifndef STORE_PROVENANCE_H
#define STORE_PROVENANCE_H

#include <jansson.h>
#include <stdbool.h>
#include <time.h>

#include "common/error.h"
#include "trust/verdict.h"

struct provenance {
	const char *key, *id;
	const json_t *action;		   /* store/action.h */
	const json_t *params;		   /* the section, complete */
	const json_t *dependencies;	   /* further resource descriptors; NULL: none */
	struct timespec started, finished; /* CLOCK_REALTIME */
};

/* New reference. */
json_t *provenance_statement(const struct provenance *p);

/* What a statement says of itself; all but `sealed` borrowed. */
struct provenance_parts {
	const char *key, *id, *stage, *finished;
	const json_t *action;
	bool is_sealed; /* false: written by a version that put no seal */
};

/* Take a statement apart. -1 with e filled (name stands for the file) and the kind of what is wrong: damaged,
 * or parts that do not fit: subject, stage, kind, params, inputs and code must be those of the action, and
 * the action must hash to its key. The stage is 1 to 48 of [a-z0-9_-]: it may stand in a path. */
int provenance_read(struct provenance_parts *p, const json_t *statement, enum verdict_kind *wrong,
		    const char *name, struct error *e);

#endif
