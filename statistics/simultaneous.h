/*
 * Many differences asked about at once: how likely the largest of them would come out so large if none were
 * real. p values by the step-down max-T of Westfall and Young 1993 (algorithm 2.8; for the bootstrap Romano
 * and Wolf 2005): the differences' own resamples say how they hang together, so nothing is given away where
 * they are correlated, as Bonferroni's and Holm's do. All that are below .05 hold together with 95 %.
 *
 *	simultaneous_p(p, t, drawn, n, n_resamples);
 */
#ifndef STATISTICS_SIMULTANEOUS_H
#define STATISTICS_SIMULTANEOUS_H

/* p [n]. t [n]: each difference's distance from 0 in its standard errors, >= 0; NAN: undefined, its p too.
 * drawn [n_resamples][n]: the differences in the same resamples, centred and scaled here; a resample with a
 * NAN among those that are defined is left out, and no p is below 1 / (resamples + 1). Under two resamples
 * all are NAN. Time n n_resamples. */
void simultaneous_p(double *p, const double *t, const double *drawn, int n, int n_resamples);

#endif
