/*
 * Folds drawn so that each holds a tenth of every class: iterative stratification (Sechidis, Tsoumakas and
 * Vlahavas, On the Stratification of Multi-Label Data, ECML PKDD 2011, algorithm 1), here over patients, who
 * stay whole. The rarest class that is left comes first; each of its patients, those of most records first,
 * goes to the fold that lacks most records of it, of several such folds to the one that lacks most records at
 * all. What is still undecided the patient's name decides (ecg/identifier.h): not chance, and not the order
 * of the records.
 *
 *	struct folds_record r[] = {{"P1", 1 << 0}, {"P1", 1 << 2}, {"P2", 0}};
 *	folds_draw(r, 3);                       // r[i].fold: 1..10
 */
#ifndef ECG_FOLDS_H
#define ECG_FOLDS_H

#include <stddef.h>
#include <stdint.h>

struct folds_record {
	const char *patient;
	uint32_t classes; /* bit c: the record has class c */
	int fold;	  /* set by folds_draw */
};

/* Sets all folds. Another record, or another class of one, may move others too. */
void folds_draw(struct folds_record *records, size_t n);

#endif
