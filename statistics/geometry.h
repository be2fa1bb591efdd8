/*
 * The shape of an embedding space on the unit sphere: how near two views of a record lie, and how evenly
 * records are spread (Wang and Isola 2020, section 4.1).
 */
#ifndef STATISTICS_GEOMETRY_H
#define STATISTICS_GEOMETRY_H

#include "statistics/scaler.h"

/* out = rows of f divided by their lengths (at least 1e-12); makes out. Cosine distance is then half the
 * squared Euclidean one. */
void geometry_normalize(struct features *out, const struct features *f);
/* Mean of |a_i - b_i|^2 over the rows of two matrices of unit rows; 0 best, 2 for unrelated
 * rows. No rows: NAN. */
double geometry_alignment(const struct features *a, const struct features *b);
/* log of the mean over i < j of exp(-2 |x_i - x_j|^2), unit rows; 0 if all are equal, about -4 spread evenly
 * in many dimensions. Fewer than two rows: NAN. */
double geometry_uniformity(const struct features *f);

#endif
