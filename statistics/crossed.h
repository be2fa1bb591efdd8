/*
 * The mean of values that vary along two ways at once, as scores do over seeds (rows) and rotations
 * (columns). The model is x_ij = m + r_i + c_j + e_ij, all parts random; from the mean squares of the two-way
 * analysis of variance without repetition (rows R, columns C, rest E; a, b rows and columns)
 *
 *	error^2 = (E + max(0, R - E) + max(0, C - E)) / (a b)
 *
 * which is what another draw of seeds and of rotations would change the mean by (Searle, Casella, McCulloch
 * 1992, section 4.5). With one row, or one column, it is the variance over the other, divided by its number.
 * The interval is Student's, its degrees of freedom by Satterthwaite (1946),
 * at least 1.
 *
 *	struct crossed c = crossed_mean(x, 3, 9);    // x[3][9]; NAN: is not there
 */
#ifndef STATISTICS_CROSSED_H
#define STATISTICS_CROSSED_H

#include <stddef.h>

struct crossed {
	double mean, error, low, high; /* error NAN: of one value; low, high: 95 % */
	size_t n_rows, n_columns;      /* taken */
};

/* Of values that are not all there the whole rows are taken, or the whole columns, whichever are more; where
 * there is neither, n_rows is 0 and the rest NAN. */
struct crossed crossed_mean(const double *x, size_t n_rows, size_t n_columns);

/* c with its interval cut where the values themselves end, as a score does at 0 and 1. The error stays. */
struct crossed crossed_within(struct crossed c, double least, double most);

#endif
