/*
 * Deriving a chain again: every stage of it is run anew, from the raw data or the generator on, in an empty
 * store, with the params and the kind of inputs that its entry says, and must come to the same artifact. What
 * the entries say is thereby not believed but repeated. The user's store is only read, remotes are off.
 *
 *	int status = rederive_chain(stdout, &(struct rederive){&walk, findings, "build/bin", "build/audit"});
 *
 * The folder of the work, <place>/<id>, is kept if a result differs or the work was stopped: then the next
 * call goes on where it stopped.
 */
#ifndef AUDIT_REDERIVE_H
#define AUDIT_REDERIVE_H

#include <jansson.h>
#include <stdio.h>

#include "audit/walk.h"

struct rederive {
	const struct walk *walk;
	const json_t *findings; /* of walk_chain */
	const char *programs;	/* folder of the stages' programs */
	const char *place;	/* where the folder of the work is made */
};

/* A line per stage, and where one comes to something else, how its action and its artifact differ. 0: all
 * the same; 1: not, or a stage failed; 128 + signal: stopped. Dies if the folder cannot be written. */
int rederive_chain(FILE *out, const struct rederive *r);

#endif
