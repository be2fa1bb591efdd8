/*
 * How well given labels separate points: silhouette (Rousseeuw 1987), Davies-Bouldin (1979),
 * Calinski-Harabasz (1974), as scikit-learn computes them. label[i] is 0..n_labels-1; a label nobody has is
 * left out. All are NAN unless at least two labels are in use and some label has two rows.
 */
#ifndef STATISTICS_CLUSTERING_H
#define STATISTICS_CLUSTERING_H

#include <stdbool.h>

#include "statistics/scaler.h"

/* Mean silhouette, -1..1, higher is better; a row alone under its label counts 0. is_cosine: f has unit rows
 * (geometry_normalize) and distances are 1 - cosine; else Euclidean. */
double clustering_silhouette(const struct features *f, const int *label, int n_labels, bool is_cosine);
/* Lower is better, Euclidean. */
double clustering_davies_bouldin(const struct features *f, const int *label, int n_labels);
/* Higher is better, Euclidean. */
double clustering_calinski_harabasz(const struct features *f, const int *label, int n_labels);

#endif
