/*
 * Nearest neighbours by exhaustive search, Euclidean; on unit rows (geometry_normalize) the order is that of
 * the cosine. Equal distances: the lower index first.
 */
#ifndef STATISTICS_KNN_H
#define STATISTICS_KNN_H

#include <stdint.h>

#include "statistics/scaler.h"

/* nearest [queries][k]: indices of the k rows of base nearest to each query, ascending distance; squared
 * [queries][k] their squared distances (NULL: not wanted). base == queries: a row is not its own neighbour. k
 * is at most the number of rows to choose from. */
void knn_find(uint32_t *nearest, double *squared, const struct features *base, const struct features *queries,
	      int k);
/* Mean share of the k nearest other rows that have the row's own label. NAN if there are not k others. */
double knn_purity(const struct features *f, const int *label, int k);
/* Share of test rows whose label is the commonest among the k nearest training rows (the lower label of
 * equals). Labels are 0..n_labels-1. NAN without test rows or k training rows. */
double knn_accuracy(const struct features *train, const int *train_label, const struct features *test,
		    const int *test_label, int n_labels, int k);

#endif
