/*
 * What training by views minimises: a function of p, the projections of the V views of N records, and its
 * gradient. A loss is a file loss_<name>.c with a struct loss in it, its declaration here, and a row in
 * stages/shared/objective.h, which says which views of a record it is shown.
 *
 *	struct loss_batch b = {.ops = ops, .n = n, .d = d, .p = p, .dp = dp, .result = result, ...};
 *	loss_ntxent.run(&b); // result: where ops has it, to be fetched some time
 */
#ifndef MODEL_LOSS_H
#define MODEL_LOSS_H

#include "kernels/ops.h"

/* All arrays are ops memory. Every process of a team computes the whole batch's loss: it is the
 * same in all of them. */
struct loss_batch {
	const struct ops *ops;
	int n, n_views, d;	 /* records, views of each, width of p */
	const float *p;		 /* [n_views*n,d] rows i, n + i, 2n + i ... are the views of one record */
	const uint64_t *patient; /* [n] */
	enum same_patient same_patient;
	float temperature;
	float *dp;	/* [n_views*n,d] the gradient, overwritten */
	float *scratch; /* as many floats as scratch() says */
	float *result;	/* [2] out: loss; share of views whose nearest candidate is of their record (top1) */
};

struct loss {
	enum same_patient same_patient; /* how it usually treats other records of a patient */
	const char *chance;		/* that loss of two views, if no candidate is left out */
	bool is_across;	 /* candidates are the views of the other side (model/candidates.h); two views */
	bool is_nothing; /* its terms (model/terms.h) are all there is: no candidates, no temperature */
	size_t (*scratch)(const struct ops *ops, int m, int d); /* for m rows */
	void (*run)(const struct loss_batch *b);
};

/* NT-Xent: all other views are candidates (struct ntxent of kernels/ops.h); CLOCS: the other view's alone;
 * nothing: 0, with top1 as NT-Xent finds it. */
extern const struct loss loss_ntxent, loss_clocs, loss_nothing;

/* What the loss of a network that tells nothing apart is called: chance or, where records of a patient are
 * left out, "ln candidates". Static. */
const char *loss_chance(const struct loss *l, enum same_patient same_patient, int n_views);

#endif
