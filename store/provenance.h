/*
 * What made an artifact, in a form that others' tools read: an in-toto Statement v1 with a SLSA v1 provenance
 * predicate (in-toto.io/Statement/v1, slsa.dev/provenance/v1). subject = the artifact's id;
 * resolvedDependencies = input ids, raw files, the code identity and the git commit;
 * internalParameters.action = the action itself, whose canonical JSON hashes to actionKey. Unsigned for now.
 */
#ifndef STORE_PROVENANCE_H
#define STORE_PROVENANCE_H

#include <jansson.h>
#include <time.h>

struct provenance {
	const char *key, *id;
	const json_t *action;		   /* store/action.h */
	const json_t *params;		   /* the section, complete */
	const json_t *dependencies;	   /* further resource descriptors; NULL: none */
	struct timespec started, finished; /* CLOCK_REALTIME */
};

/* New reference. */
json_t *provenance_statement(const struct provenance *p);

#endif
