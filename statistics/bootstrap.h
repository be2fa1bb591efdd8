/*
 * The patient-cluster bootstrap: patients are drawn with replacement, each bringing all of its records,
 * because records of one patient are not independent (Field and Welsh 2007). Resample r is a function of
 * (seed, r) alone; all statistics of a run see the same resamples, so differences between arms are paired.
 *
 *	struct bootstrap b = {.seed = 1, .n_resamples = 1000, .n = n, .patient = patient};
 *	bootstrap_run(values, &b, 2, statistic, &context);                // values [1000][2]
 *	struct bootstrap_interval i = bootstrap_interval(values + 1, 2, 1000);
 */
#ifndef STATISTICS_BOOTSTRAP_H
#define STATISTICS_BOOTSTRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bootstrap {
	uint64_t seed;
	int n_resamples;
	size_t n;		 /* records */
	const uint64_t *patient; /* [n] */
};

/* Fills value[n_values] for the resample in which record i appears count[i] times. False: undefined for it
 * (a class has no record left); another resample is then drawn in its place. Runs in several threads at
 * once (pool_self()). */
typedef bool bootstrap_statistic(void *context, double *value, const uint32_t *count);

/* values [n_resamples][n_values]. Returns the number of resamples for which 100 draws gave none that is
 * defined; their rows are NAN. n 0: all of them. */
int bootstrap_run(double *values, const struct bootstrap *b, int n_values, bootstrap_statistic *statistic,
		  void *context);

struct bootstrap_interval {
	double error, low,
		high; /* standard error; 2.5 and 97.5 % quantiles (linear between order statistics) */
	int n;	      /* resamples behind it; under 2 all three are NAN */
};

/* Of value[i * stride], i < n, without those that are NAN. */
struct bootstrap_interval bootstrap_interval(const double *value, size_t stride, int n);

#endif
