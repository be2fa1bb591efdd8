/*
 * A share of the labelled training records, for label-efficiency curves: stratified by class, patients kept
 * whole, and nested: what a smaller share has, a larger one of the same draw has too.
 *
 *	subset_draw(chosen, &(struct subset){n, patient, truth, n_classes, 0.05, draw});
 *
 * A patient belongs to the stratum of the rarest class among all of his records. Within a stratum patients
 * come in an order drawn by Philox keyed (draw, PURPOSE_SUBSET, patient), and are taken whole until they hold
 * the wanted share of the stratum's records; so every class that occurs keeps at least one patient, and a
 * share may be exceeded by what one patient has.
 */
#ifndef STATISTICS_SUBSET_H
#define STATISTICS_SUBSET_H

#include <stddef.h>
#include <stdint.h>

struct subset {
	size_t n;		 /* records */
	const uint64_t *patient; /* [n] */
	const uint8_t
		*truth; /* [n][n_classes], 0 or 1; a record without a class is of a stratum of its own */
	int n_classes;
	double fraction; /* of the records, > 0; 1 or more: all */
	uint64_t draw;	 /* another number, another subset */
};

/* chosen [n]: 1 or 0. */
void subset_draw(uint8_t *chosen, const struct subset *s);

#endif
