/*
 * Signals of all leads side by side, x[t][lead] in double, and what stands beyond their ends when a filter
 * looks there: the odd extension, 2 x[0] - x[k] before the start and likewise behind the end (SciPy's padtype
 * "odd"), which keeps value and slope and so makes no step.
 */
#ifndef ECG_EDGE_H
#define ECG_EDGE_H

#include "ecg/lead.h"

/* y [pad + t + pad] = x [t] with its extension; beyond t - 1 samples the extension stays at its last value. t
 * >= 1. */
void edge_extend(double (*y)[LEADS], const double (*x)[LEADS], int t, int pad);

#endif
