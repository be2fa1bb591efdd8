/*
 * k-means (Lloyd 1982) from several greedy k-means++ starts (Arthur and Vassilvitskii 2007), Euclidean. Start
 * r draws from (seed, r) alone; the start with the least inertia wins, the first of equals.
 */
#ifndef STATISTICS_KMEANS_H
#define STATISTICS_KMEANS_H

#include <stdint.h>

#include "statistics/scaler.h"

/* label [n] gets 0..k-1; returns the inertia, the sum of squared distances to the nearest
 * centre. k is 1..n. */
double kmeans_fit(int *label, const struct features *f, int k, int n_starts, uint64_t seed);

#endif
