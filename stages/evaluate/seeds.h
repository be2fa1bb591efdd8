/*
 * The arms of one name, NAME@1 NAME@2 ..., as one: what is judged over seeds and patients together. An arm
 * alone is one of them too.
 *
 *	int n;
 *	struct seeds *list = seeds_gather(&study, &n);          // once the study was compared
 *	comparison_of_mean(&study.comparison, seeds_rows(&list[0], ARM_TRAINED), COMPARISON_MACRO_AUROC);
 *	seeds_free(list, n);
 */
#ifndef STAGES_EVALUATE_SEEDS_H
#define STAGES_EVALUATE_SEEDS_H

#include "stages/evaluate/arms.h"

struct seeds {
	char *name;		       /* NAME; of an arm alone its whole name */
	int n, *arm, *row[ARM_STATES]; /* [n]; rows of the comparison, -1: none */
	bool has[ARM_STATES];	       /* all of them have it */
};

/* Every arm belongs to one of them; *n_seeds how many there are; by name. */
struct seeds *seeds_gather(const struct arms *s, int *n_seeds);
/* Has any arm several? */
bool seeds_are_several(const struct arms *s);
void seeds_free(struct seeds *list, int n);
/* Borrowed until seeds_free. */
struct comparison_rows seeds_rows(const struct seeds *e, int state);

#endif
