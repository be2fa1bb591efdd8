/*
 * What a contrastive batch leaves to choose from: where other records of a patient are left out, a view of
 * his has fewer candidates than the batch has views, and a batch of one patient has nothing to contrast.
 *
 *	struct candidates c = candidates_count(patient, n, 2, SAME_PATIENT_MASK, false, sorted);
 */
#ifndef MODEL_CANDIDATES_H
#define MODEL_CANDIDATES_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/ops.h"

struct candidates {
	/* The loss of a network that tells nothing apart: mean over views of ln(candidates, the partner among
	 * them), which is ln(VN-1) of V views, across two ln N, unless some are left out; and of terms
	 * (model/terms.h) their sum where all is zeros. */
	double uniform;
	int n_contrasted; /* records that have a negative: one of another patient or, IGNORE, another one */
};

/* patient [n] of a batch's records; the loss as struct ntxent says; sorted [n] is scratch. */
struct candidates candidates_count(const uint64_t *patient, int n, int n_views,
				   enum same_patient same_patient, bool is_across, uint64_t *sorted);

#endif
