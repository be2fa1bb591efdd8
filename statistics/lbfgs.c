#include "statistics/lbfgs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"

enum { HISTORY = 20, MAX_TRIALS = 40 };

static const double SUFFICIENT_DECREASE = 1e-4, CURVATURE = 0.9; /* c1, c2 of the Wolfe conditions */

struct search {
	const struct lbfgs *problem;
	double *x, *gradient, *direction; /* current point; [n] each */
	double *trial, *trial_gradient;	  /* point being tried */
	double *step[HISTORY], *change[HISTORY],
		rho[HISTORY]; /* s, y, 1 / (s.y) of the last iterations, a ring */
	int n_kept, newest;
	double f;
	int evaluations;
};

/* A point along the direction: step length, objective, slope. */
struct point {
	double t, f, slope;
};

static double dot(const double *a, const double *b, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

static double inverse_at(const struct lbfgs *p, size_t i)
{
	return p->inverse ? p->inverse[i] : 1;
}

static double gap_of(const struct lbfgs *p, const double *gradient)
{
	double sum = 0;
	for (size_t i = 0; i < p->n; i++)
		sum += gradient[i] * gradient[i] * (p->bound ? p->bound[i] : 1);
	return sum / 2;
}

/* H0 = gamma * inverse with gamma = s.y / (y.inverse.y): equation 7.20 in the metric of the preconditioner.
 */
static double initial_scale(const struct search *s)
{
	const double *y = s->change[s->newest];
	double sum = 0;
	for (size_t i = 0; i < s->problem->n; i++)
		sum += y[i] * y[i] * inverse_at(s->problem, i);
	return 1 / (s->rho[s->newest] * sum);
}

/* direction = -H gradient by the two-loop recursion (algorithm 7.4). */
static void set_direction(struct search *s)
{
	size_t n = s->problem->n;
	double *d = s->direction, alpha[HISTORY];

	for (size_t i = 0; i < n; i++)
		d[i] = -s->gradient[i];
	for (int k = 0; k < s->n_kept; k++) {
		int j = (s->newest - k + HISTORY) % HISTORY;
		alpha[j] = s->rho[j] * dot(s->step[j], d, n);
		for (size_t i = 0; i < n; i++)
			d[i] -= alpha[j] * s->change[j][i];
	}

	double scale = s->n_kept ? initial_scale(s) : 1;
	for (size_t i = 0; i < n; i++)
		d[i] *= scale * inverse_at(s->problem, i);

	for (int k = s->n_kept - 1; k >= 0; k--) {
		int j = (s->newest - k + HISTORY) % HISTORY;
		double beta = alpha[j] - s->rho[j] * dot(s->change[j], d, n);
		for (size_t i = 0; i < n; i++)
			d[i] += beta * s->step[j][i];
	}
}

static struct point evaluate(struct search *s, double t)
{
	size_t n = s->problem->n;
	for (size_t i = 0; i < n; i++)
		s->trial[i] = s->x[i] + t * s->direction[i];
	struct point p = {.t = t};
	p.f = s->problem->objective(s->problem->context, s->trial_gradient, s->trial);
	p.slope = dot(s->trial_gradient, s->direction, n);
	s->evaluations++;
	if (!isfinite(p.f) || !isfinite(p.slope))
		p.f = INFINITY;
	return p;
}

/* Minimum of the cubic through both ends (equation 3.59), kept a tenth of the interval away from either. */
static double interpolate(struct point a, struct point b)
{
	double low = fmin(a.t, b.t), width = fabs(b.t - a.t), t = low + width / 2;
	if (isfinite(b.f)) {
		double d1 = a.slope + b.slope - 3 * (a.f - b.f) / (a.t - b.t);
		double square = d1 * d1 - a.slope * b.slope;
		double d2 = square > 0 ? sqrt(square) : 0;
		d2 = b.t > a.t ? d2 : -d2;
		double guess = b.t - (b.t - a.t) * (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2);
		t = isfinite(guess) ? guess : t;
	}
	return fmin(fmax(t, low + width / 10), low + width - width / 10);
}

/* Shrink an interval that holds acceptable points; best is its end with the lower objective (algorithm 3.6).
 */
static struct point zoom(struct search *s, struct point start, struct point best, struct point other)
{
	for (int k = 0; k < MAX_TRIALS && best.t != other.t; k++) {
		struct point p = evaluate(s, interpolate(best, other));
		if (p.f > start.f + SUFFICIENT_DECREASE * p.t * start.slope || p.f >= best.f) {
			other = p;
			continue;
		}
		if (fabs(p.slope) <= -CURVATURE * start.slope)
			return p;
		if (p.slope * (other.t - best.t) >= 0)
			other = best;
		best = p;
	}
	return best.t > 0 && best.f < start.f ? evaluate(s, best.t) : (struct point){.t = 0, .f = start.f};
}

/* A step that satisfies the strong Wolfe conditions, its point in trial; t == 0: no decrease is possible. */
static struct point line_search(struct search *s, double first)
{
	struct point start = {.t = 0, .f = s->f, .slope = dot(s->gradient, s->direction, s->problem->n)};
	struct point last = start;

	if (!(start.slope < 0))
		return start;
	double t = first;

	for (int k = 0; k < MAX_TRIALS; k++, t *= 2) {
		struct point p = evaluate(s, t);
		if (p.f > start.f + SUFFICIENT_DECREASE * t * start.slope || (k && p.f >= last.f))
			return zoom(s, start, last, p);
		if (fabs(p.slope) <= -CURVATURE * start.slope)
			return p;
		if (p.slope >= 0)
			return zoom(s, start, p, last);
		last = p;
	}

	return last.t > 0 ? evaluate(s, last.t) : start;
}

/* Keep s and y of this step if the curvature is positive (it is, up to rounding, after a Wolfe step), else at
 * least lose the oldest pair of a full ring, whose place they took; move to trial. */
static void accept(struct search *s, double f)
{
	size_t n = s->problem->n;
	int j = (s->newest + 1) % HISTORY;

	for (size_t i = 0; i < n; i++) {
		s->step[j][i] = s->trial[i] - s->x[i];
		s->change[j][i] = s->trial_gradient[i] - s->gradient[i];
	}

	double curvature = dot(s->step[j], s->change[j], n);
	if (curvature > 1e-14 * dot(s->change[j], s->change[j], n)) {
		s->rho[j] = 1 / curvature;
		s->newest = j;
		s->n_kept = s->n_kept < HISTORY ? s->n_kept + 1 : HISTORY;
	} else if (s->n_kept == HISTORY) {
		s->n_kept--;
	}

	memcpy(s->x, s->trial, n * sizeof *s->x);
	memcpy(s->gradient, s->trial_gradient, n * sizeof *s->gradient);
	s->f = f;
}

static void search_init(struct search *s, const struct lbfgs *problem, double *x)
{
	size_t n = problem->n;
	double *memory = die_calloc(n * (4 + 2 * HISTORY) + 1, sizeof *memory);

	*s = (struct search){.problem = problem, .x = x, .newest = HISTORY - 1};
	s->gradient = memory;
	s->direction = memory + n;
	s->trial = memory + 2 * n;
	s->trial_gradient = memory + 3 * n;

	for (int j = 0; j < HISTORY; j++) {
		s->step[j] = memory + (4 + (size_t)j) * n;
		s->change[j] = memory + (4 + HISTORY + (size_t)j) * n;
	}

	s->f = problem->objective(problem->context, s->gradient, x);
	s->evaluations = 1;
	if (!isfinite(s->f))
		BUG("lbfgs: the objective at the start is not finite");
}

struct lbfgs_result lbfgs_minimize(double *x, const struct lbfgs *problem)
{
	struct search s;
	search_init(&s, problem, x);
	struct lbfgs_result r = {0};
	int limit = problem->max_iterations ? problem->max_iterations : 2000;

	for (;;) {
		r.gap = gap_of(problem, s.gradient);
		r.is_converged = r.gap <= problem->tolerance * fabs(s.f);
		if (r.is_converged || r.iterations == limit)
			break;
		set_direction(&s);
		double size = sqrt(dot(s.direction, s.direction, problem->n));
		struct point p = line_search(&s, s.n_kept || size <= 1 ? 1 : 1 / size);
		if (!(p.t > 0) &&
		    s.n_kept) { /* a stale history can point nowhere: once more from the gradient */
			s.n_kept = 0;
			continue;
		}
		if (!(p.t > 0)) {
			r.is_converged = true;
			break;
		}
		accept(&s, p.f);
		r.iterations++;
	}

	r.objective = s.f;
	r.evaluations = s.evaluations;
	free(s.gradient);
	return r;
}
