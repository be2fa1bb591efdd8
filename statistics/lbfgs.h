/*
 * L-BFGS for smooth, unconstrained problems in double (Nocedal and Wright 2006, algorithms 7.4 and 7.5;
 * strong-Wolfe line search, algorithms 3.5 and 3.6 with cubic interpolation). Every sum runs in ascending
 * order, so the result is as reproducible as the objective.
 *
 *	double x[2] = {0};
 *	struct lbfgs_result r = lbfgs_minimize(x, &(struct lbfgs){.n = 2, .objective = f, .tolerance = 1e-8});
 */
#ifndef STATISTICS_LBFGS_H
#define STATISTICS_LBFGS_H

#include <stdbool.h>
#include <stddef.h>

struct lbfgs {
	size_t n; /* variables */
	/* f(x), and its gradient in gradient[n] */
	double (*objective)(void *context, double *gradient, const double *x);
	void *context;
	/* [n] guess of the inverse Hessian's diagonal, all > 0: preconditions. NULL: ones */
	const double *inverse;
	/* [n] 1 / strong convexity along each variable, as far as it is known. NULL: ones. Then sum of bound
	 * * gradient^2 / 2 bounds f - minimum; the search has converged when that is at most tolerance * |f|.
	 */
	const double *bound;
	double tolerance;
	int max_iterations; /* 0: 2,000 */
};

struct lbfgs_result {
	double objective;
	double gap; /* sum of bound * gradient^2 / 2 at the end */
	int iterations, evaluations;
	bool is_converged; /* gap reached, or no further decrease is possible in double */
};

/* Minimize from x[n] (in: start, out: best point found). A start with a non-finite objective is a BUG. */
struct lbfgs_result lbfgs_minimize(double *x, const struct lbfgs *problem);

#endif
