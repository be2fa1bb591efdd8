/*
 * What preprocess does not take as it is: records left out, counted over all ranks of the team and by fold,
 * the first of them named on stderr by rank 0, too many of them an error; and records with masked leads,
 * bridged gaps or a tail that is cut off, which are counted.
 *
 *	struct exclusions x = {.team = team};
 *	exclusions_add(&x, name, fold, reason);    // by ascending record
 *	exclusions_note(&x, EXCLUSIONS_CUT);
 *	exclusions_share(&x);                      // all ranks, when each has put its records of a round
 *	exclusions_check(&x, n_records, limit);
 *	exclusions_write(&x, writer, records);     // attributes, of what there was
 */
#ifndef STAGES_PREPROCESS_EXCLUSIONS_H
#define STAGES_PREPROCESS_EXCLUSIONS_H

#include <stdint.h>

#include "common/error.h"
#include "common/team.h"
#include "ecg/fold.h"
#include "store/artifact.h"

enum { EXCLUSIONS_SHOWN = 20 }; /* named on stderr; the artifact lists all */

/* What is kept, but not whole; each is an attribute of the output. */
enum { EXCLUSIONS_MASKED, EXCLUSIONS_BRIDGED, EXCLUSIONS_CUT, EXCLUSIONS_NOTES };

/* What one rank counts in a round. */
struct exclusions_round {
	int64_t n, by_fold[FOLDS], noted[EXCLUSIONS_NOTES];
	struct {
		char name[256];
		struct error reason;
	} shown[EXCLUSIONS_SHOWN];
};

struct exclusions {
	struct team *team;
	int64_t n, by_fold[FOLDS], noted[EXCLUSIONS_NOTES]; /* of all ranks and rounds that were shared */
	struct error first;				    /* the first record and why */
	struct exclusions_round round;
};

/* name: what the dataset calls the record. */
void exclusions_add(struct exclusions *x, const char *name, uint32_t fold, const struct error *reason);
void exclusions_note(struct exclusions *x, int what);
void exclusions_share(struct exclusions *x);
/* Dies, in rank 0, if no record of n_records is left or more than their share `limit` are not. */
void exclusions_check(const struct exclusions *x, int64_t n_records, double limit);
/* Attributes excluded_by_fold [FOLDS], with those that fetch left out of `records` (whose folds are numbered
 * as before test_fold became the tenth), and records_masked, records_bridged, records_cut: each only if there
 * are any, so that a dataset without faults keeps its id. */
void exclusions_write(const struct exclusions *x, struct artifact_writer *w, const struct artifact *records,
		      uint32_t test_fold, uint32_t sealed_fold);

#endif
