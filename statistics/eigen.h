/*
 * Eigenvalues and eigenvectors of a symmetric matrix in double: Householder tridiagonalization, then the
 * implicit QL iteration (Golub and Van Loan 2013, algorithms 8.3.1 and 8.3.3). Absolute error about 1e-15 n
 * |A|. About 4 n^3 flops.
 *
 *	eigen_symmetric(values, vectors, a, n);         // a is destroyed
 */
#ifndef STATISTICS_EIGEN_H
#define STATISTICS_EIGEN_H

/* values [n], descending; row i of vectors [n][n] is the unit eigenvector of values[i], its component of
 * largest magnitude positive (the first of equals). a [n][n] is symmetric and finite, and is overwritten. */
void eigen_symmetric(double *values, double *vectors, double *a, int n);

/* The same, telling all along which share of the work is done, 0 to 1. */
void eigen_symmetric_told(double *values, double *vectors, double *a, int n,
			  void (*tell)(void *context, double share), void *context);

#endif
