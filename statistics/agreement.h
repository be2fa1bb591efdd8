/*
 * How far two labelings of the same records agree, whatever the labels are called: adjusted Rand index
 * (Hubert and Arabie 1985) and normalized mutual information (arithmetic mean of the entropies), as in
 * scikit-learn. Labels are 0..n_a-1 and 0..n_b-1.
 */
#ifndef STATISTICS_AGREEMENT_H
#define STATISTICS_AGREEMENT_H

#include <stddef.h>

/* 1 equal, 0 as by chance, can be negative; 1 where every pair is treated alike. n 0: NAN. */
double agreement_ari(const int *a, int n_a, const int *b, int n_b, size_t n);
/* 0..1; not adjusted for chance. Both constant: 1. n 0: NAN. */
double agreement_nmi(const int *a, int n_a, const int *b, int n_b, size_t n);

#endif
