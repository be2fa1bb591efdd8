/*
 * RankMe (Garrido, Balestriero, Najman, LeCun 2023, eq. 1): the effective rank of embeddings, exp of
 * the entropy of p_k = s_k / sum(s) + 1e-7 over the min(rows, dim) singular values s. Between 1
 * (collapsed) and min(rows, dim).
 *
 *	double r = rankme(embeddings, 1000, 128);
 */
#ifndef STATISTICS_RANKME_H
#define STATISTICS_RANKME_H

/* z [rows,dim] in host memory, rows and dim >= 1. Double throughout, the same bits everywhere; singular
 * values come from the smaller Gram matrix, so those under 1e-8 of the largest count as noise. 0 for all
 * zeros; NaN if any is not finite. */
double rankme(const float *z, int rows, int dim);

#endif
