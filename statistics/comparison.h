/*
 * Several classifiers, the rows, judged on the same records: the metrics of each, their intervals, and
 * paired differences, from one set of patient-cluster bootstrap resamples. A resample without records of
 * a class that the records do have is drawn again, so that a macro average always means the same classes
 * (but see is_partial).
 *
 *	struct comparison c = {.n_rows = 2, .row = rows, .data = {...}, .bootstrap = {...}};
 *	comparison_run(&c);
 *	struct comparison_value v = comparison_difference(&c, 0, 1, COMPARISON_MACRO_AUROC);
 *	comparison_release(&c);
 */
#ifndef STATISTICS_COMPARISON_H
#define STATISTICS_COMPARISON_H

#include "statistics/bootstrap.h"
#include "statistics/metrics.h"

/* What is resampled: these, then the F1 of each class, then the AUROC of each class. */
enum comparison_metric {
	COMPARISON_ACCURACY,
	COMPARISON_BALANCED_ACCURACY,
	COMPARISON_MACRO_F1,
	COMPARISON_WEIGHTED_F1,
	COMPARISON_MACRO_AUROC,
	COMPARISON_MACRO_AUPRC,
	COMPARISON_ECE,
	COMPARISON_METRICS
};
extern const char *const comparison_names[COMPARISON_METRICS]; /* "accuracy", ... as in JSON */

struct comparison_row {
	const char *name;
	const float *probability; /* [n][n_classes] */
	const double *weight;	  /* [n_classes] of the decision */
	size_t weight_stride;	  /* as in struct metrics_input */
};

struct comparison {
	int n_rows;
	const struct comparison_row *row;
	struct metrics_input data;  /* n, n_classes, is_multi, truth; the rest is the rows' */
	struct bootstrap bootstrap; /* seed, n_resamples, patient */
	/* Of many rare classes a resample may lack some: they keep their value on the whole there
	 * (metrics_complete), and have none of their own. Multi only. */
	bool is_partial;
	/* results */
	struct metrics *metrics; /* [n_rows] on the records as they are */
	double *values;		 /* [n_resamples][n_rows][comparison_count()] */
	int n_undefined;	 /* resamples that could not be drawn; their values are NAN */
};

struct comparison_value {
	double value;	/* on the records as they are; NAN: undefined */
	double stretch; /* of the interval of a mean of rows: half of it / (1.96 error); else 1 */
	struct bootstrap_interval interval;
};

void comparison_run(struct comparison *c);
/* Number of metrics: COMPARISON_METRICS + 2 n_classes. */
int comparison_count(const struct comparison *c);
struct comparison_value comparison_of(const struct comparison *c, int row, int metric);
/* Row minus other. */
struct comparison_value comparison_difference(const struct comparison *c, int row, int other, int metric);

/* Several rows as one, such as one arm trained with several seeds: what they come to is the mean of their
 * metrics. Its resamples draw patients and rows together (Owen 2007, the pigeonhole bootstrap): resample k
 * takes, of its patients, the mean of n - 1 rows drawn with replacement. (n of n would make the variance of
 * the mean (n-1)/n of what it is: Rao and Wu 1988.) The places drawn are a function of seed, k and n alone,
 * so that rows at equal places of two lists of one length stay paired.
 *
 * How much rows differ is known from n of them alone, and the quantiles of so few draws say little. So the
 * interval is the mean +- sqrt(1.96^2 (E^2 - u) + t^2 u): E the standard error over all resamples, u = s^2/n,
 * s^2 the variance of the rows (or of the pairs) on the records as they are, t the 97.5 % quantile of
 * Student's t of n - 1 degrees of freedom. That is the square-and-add of Zou and Donner 2008: the interval
 * of a sum whose parts have intervals of their own. Two rows: t = 12.7, three: 4.3. */
struct comparison_rows {
	int n;
	const int *row; /* [n] */
};
struct comparison_value comparison_of_mean(const struct comparison *c, struct comparison_rows rows,
					   int metric);
/* The mean in resample k, or NAN. */
double comparison_drawn(const struct comparison *c, struct comparison_rows rows, int metric, int k);
/* Mean of rows minus mean of others. */
struct comparison_value comparison_difference_of_means(const struct comparison *c,
						       struct comparison_rows rows,
						       struct comparison_rows others, int metric);
void comparison_release(struct comparison *c);

#endif
