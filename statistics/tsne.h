/*
 * Exact t-SNE in two dimensions (van der Maaten and Hinton 2008), deterministic: it starts from the first two
 * principal axes and draws no random number. Schedule and gains are scikit-learn's (exaggeration 12 for 250
 * of 1,000 steps, step length n / 48 but at least 50). Time is O(n^2) per step, memory 8 n^2 bytes: for test
 * folds, not for whole datasets.
 *
 *	double *map = die_malloc(2 * n * sizeof *map);
 *	double kl = tsne_map(map, &features, 30, 1000);
 */
#ifndef STATISTICS_TSNE_H
#define STATISTICS_TSNE_H

#include "statistics/scaler.h"

/* map [n][2]. features: centred (project on 50 principal axes first if there are more, statistics/pca.h).
 * perplexity is lowered to (n - 1) / 3 for few records. Returns the Kullback-Leibler divergence of the map; n
 * under 4: zeros, 0. */
double tsne_map(double *map, const struct features *features, double perplexity, int n_steps);

#endif
