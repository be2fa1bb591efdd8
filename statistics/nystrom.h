/*
 * Nystroem features of the Gaussian kernel (Williams and Seeger 2001): a record described by how similar it
 * is to some others, the exemplars, in double on the host.
 *
 *	struct nystrom e;
 *	nystrom_init(&e, n, dim);
 *	nystrom_learn(&e, features, 0.5, NULL, NULL);       // or fill its arrays
 *	nystrom_map(&e, h, row);
 *	nystrom_release(&e);
 *
 *	z = (row - mean) / deviation                deviation of the population; 0 where that is below 1e-6
 *	k_j(row) = exp(-|z - z_j|^2 / b)            b: factor times the median of |z_i - z_j|^2, i < j
 *	h = R k, R = U diag(max(e, 1e-3)^-1/2) U'   K = U diag(e) U' over the exemplars
 *
 * Where no e is below 1e-3, <h(u), h(v)> is the kernel of u and v projected onto the exemplars'. R is the
 * symmetric root, so that each number of h stays with its exemplar: a classifier that standardises each would
 * undo another root's scales.
 *
 * What is learned is float32, and everything is computed from the rounded values. Sums over elements have
 * four lanes, element i in lane i mod 4, then (0 + 1) + (2 + 3): the bits depend on no machine nor threads.
 */
#ifndef STATISTICS_NYSTROM_H
#define STATISTICS_NYSTROM_H

struct nystrom {
	int n, dim; /* exemplars; numbers of a row */
	float bandwidth;
	float *mean, *deviation; /* [dim] */
	float *exemplar;	 /* [n][dim], standardised */
	float *root;		 /* [n][n] */
};

/* Arrays of zeros; n and dim at least 1. */
void nystrom_init(struct nystrom *e, int n, int dim);
void nystrom_release(struct nystrom *e);

/* From the exemplars' own features [n][dim], finite. About 6 n^3 + n^2 dim / 2 flops, 28 n^2 bytes.
 * tell, if not NULL: which share of its longest part, the eigenvalues, is done, 0 to 1. */
void nystrom_learn(struct nystrom *e, const float *features, double factor,
		   void (*tell)(void *context, double share), void *context);

/* h [n] of a row's features [dim]. n dim + n^2 multiplications. By several threads at once. */
void nystrom_map(const struct nystrom *e, float *h, const float *features);

#endif
