/*
 * The records that preprocess leaves out: counted over all ranks of the team, the first of them named on
 * stderr by rank 0, too many of them an error.
 *
 *	struct exclusions x = {.team = team};
 *	exclusions_add(&x, record, reason);        // by ascending record
 *	exclusions_share(&x);                      // all ranks, when each has put its records of a round
 *	exclusions_check(&x, n_records, limit);
 */
#ifndef STAGES_PREPROCESS_EXCLUSIONS_H
#define STAGES_PREPROCESS_EXCLUSIONS_H

#include <stdint.h>

#include "common/error.h"
#include "common/team.h"

enum { EXCLUSIONS_SHOWN = 20 }; /* named on stderr; the artifact lists all */

/* What one rank leaves out in a round. */
struct exclusions_round {
	int64_t n;
	struct {
		uint64_t record;
		struct error reason;
	} shown[EXCLUSIONS_SHOWN];
};

struct exclusions {
	struct team *team;
	int64_t n;	    /* of all ranks and rounds that were shared */
	struct error first; /* the first record and why */
	struct exclusions_round round;
};

void exclusions_add(struct exclusions *x, uint64_t record, const struct error *reason);
void exclusions_share(struct exclusions *x);
/* Dies, in rank 0, if no record of n_records is left or more than their share `limit` are not. */
void exclusions_check(const struct exclusions *x, int64_t n_records, double limit);

#endif
