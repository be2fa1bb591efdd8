#include "statistics/logistic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/pool.h"
#include "numbers/dmath.h"
#include "statistics/dense.h"

enum { CHUNK = 64, COLUMNS = 512, NEAR = 8 }; /* NEAR rows stay in the first cache for all classes */

/* e^-NEVER is 0 in double whatever the other logits are; finite, so that differences of parameters stay
 * finite. */
static const double NEVER = 1e4;

struct pass {
	const struct logistic_problem *problem;
	const double *parameters;
	double *logit;	  /* [n][n_classes]: z, then dloss/dz */
	double *partial;  /* [n_chunks][n_parameters] */
	double *loss;	  /* [n_chunks] */
	double *gradient; /* [n_parameters] */
	size_t n_parameters, n_chunks;
	bool is_wide; /* the CPU has AVX2 */
};

/* z[n][n_classes] = bias + weight x for rows first..end-1. */
DOUBLE4_INLINE void logits(double *z, const double *parameters, int n_classes, const struct features *f,
			   size_t first, size_t end)
{
	size_t ld = (size_t)f->ld, c_count = (size_t)n_classes;
	for (size_t i = first; i < end; i++)
		memcpy(z + i * c_count, parameters + c_count * ld, c_count * sizeof *z);
	for (size_t i = first; i < end; i += NEAR)
		for (size_t c = 0; c < c_count; c++)
			dense_dots(z + i * c_count + c, c_count, parameters + c * ld, f->x + i * ld, ld,
				   i + NEAR < end ? NEAR : end - i);
}

/* gradient += sum over rows first..end-1, ascending, of dz (x, 1). */
DOUBLE4_INLINE void accumulate(double *gradient, const double *dz, int n_classes, const struct features *f,
			       size_t first, size_t end)
{
	size_t ld = (size_t)f->ld, c_count = (size_t)n_classes;
	for (size_t i = first; i < end; i += NEAR)
		for (size_t c = 0; c < c_count; c++)
			dense_outer(gradient + c * ld, dz + i * c_count + c, c_count, f->x + i * ld, ld,
				    i + NEAR < end ? NEAR : end - i);
	for (size_t i = first; i < end; i++)
		for (size_t c = 0; c < c_count; c++)
			gradient[c_count * ld + c] += dz[i * c_count + c];
}

/* z becomes softmax(z); returns log sum exp z. */
static double softmax(double *z, int n_classes)
{
	double top = z[0], sum = 0;
	for (int c = 1; c < n_classes; c++)
		top = z[c] > top ? z[c] : top;
	for (int c = 0; c < n_classes; c++)
		sum += z[c] = dmath_exp(z[c] - top);
	for (int c = 0; c < n_classes; c++)
		z[c] /= sum;
	return top + dmath_log(sum);
}

/* z becomes 1 / (1 + e^-z); returns log(1 + e^z). */
static double sigmoid(double *z)
{
	double e = dmath_exp(-fabs(*z)), softplus = (*z > 0 ? *z : 0) + dmath_log1p(e);
	*z = *z > 0 ? 1 / (1 + e) : e / (1 + e);
	return softplus;
}

/* The loss of one record; z becomes dloss/dz = probability - truth. */
static double record_loss(double *z, const uint8_t *truth, int n_classes, bool is_multi)
{
	double loss = 0;
	for (int c = 0; c < n_classes; c++)
		loss -= truth[c] ? z[c] : 0;
	if (!is_multi)
		loss += softmax(z, n_classes);
	for (int c = 0; is_multi && c < n_classes; c++)
		loss += sigmoid(z + c);
	for (int c = 0; c < n_classes; c++)
		z[c] -= truth[c];
	return loss;
}

DOUBLE4_INLINE void pass_over(struct pass *s, int chunk)
{
	const struct logistic_problem *p = s->problem;
	size_t first = (size_t)chunk * CHUNK,
	       end = first + CHUNK < p->features->n ? first + CHUNK : p->features->n;
	double *partial = s->partial + (size_t)chunk * s->n_parameters, loss = 0;
	memset(partial, 0, s->n_parameters * sizeof *partial);
	logits(s->logit, s->parameters, p->n_classes, p->features, first, end);
	for (size_t i = first; i < end; i++) {
		size_t at = i * (size_t)p->n_classes;
		loss += record_loss(s->logit + at, p->truth + at, p->n_classes, p->is_multi);
	}
	accumulate(partial, s->logit, p->n_classes, p->features, first, end);
	s->loss[chunk] = loss;
}

static void chunk_pass(void *context, int chunk)
{
	pass_over(context, chunk);
}

DOUBLE4_AVX2 static void chunk_pass_avx2(void *context, int chunk)
{
	pass_over(context, chunk);
}

/* Columns first..end-1 of the chunks' sums, by a pairwise tree; the total is the first chunk's. */
static void sum_columns(struct pass *s, size_t first, size_t end)
{
	size_t n = s->n_parameters;
	for (size_t step = 1; step < s->n_chunks; step *= 2)
		for (size_t i = 0; i + step < s->n_chunks; i += 2 * step)
			for (size_t k = first; k < end; k++)
				s->partial[i * n + k] += s->partial[(i + step) * n + k];
}

/* Columns of the gradient: c * sum over the chunks + weight (no penalty on the bias). */
static void column_pass(void *context, int task)
{
	struct pass *s = context;
	const struct logistic_problem *p = s->problem;
	size_t first = (size_t)task * COLUMNS, n = s->n_parameters;
	size_t end = first + COLUMNS < n ? first + COLUMNS : n;
	sum_columns(s, first, end);
	size_t n_penalized = (size_t)p->n_classes * (size_t)p->features->ld;
	for (size_t k = first; k < end; k++)
		s->gradient[k] = p->c * s->partial[k] + (k < n_penalized ? s->parameters[k] : 0);
}

static double objective(void *context, double *gradient, const double *parameters)
{
	struct pass *s = context;
	const struct logistic_problem *p = s->problem;
	s->parameters = parameters;
	s->gradient = gradient;
	pool_run(s->is_wide ? chunk_pass_avx2 : chunk_pass, s, (int)s->n_chunks);
	pool_run(column_pass, s, (int)((s->n_parameters + COLUMNS - 1) / COLUMNS));
	for (size_t step = 1; step < s->n_chunks; step *= 2)
		for (size_t i = 0; i + step < s->n_chunks; i += 2 * step)
			s->loss[i] += s->loss[i + step];
	double penalty = 0;
	for (size_t k = 0; k < (size_t)p->n_classes * (size_t)p->features->ld; k++)
		penalty += parameters[k] * parameters[k];
	return p->c * s->loss[0] + penalty / 2;
}

static void pass_init(struct pass *s, const struct logistic_problem *p)
{
	size_t n = p->features->n, c_count = (size_t)p->n_classes;
	*s = (struct pass){.problem = p, .n_parameters = c_count * ((size_t)p->features->ld + 1)};
	s->n_chunks = (n + CHUNK - 1) / CHUNK;
	s->is_wide = double4_has_avx2();
	s->logit = die_malloc(n * c_count * sizeof *s->logit);
	s->loss = die_malloc(s->n_chunks * sizeof *s->loss);
	s->partial = die_malloc(s->n_chunks * s->n_parameters * sizeof *s->partial);
}

static void pass_release(struct pass *s)
{
	free(s->logit);
	free(s->loss);
	free(s->partial);
}

/* Share of the records that have the class. */
static double frequency(const struct logistic_problem *p, int class)
{
	size_t count = 0;
	for (size_t i = 0; i < p->features->n; i++)
		count += p->truth[i * (size_t)p->n_classes + (size_t) class];
	return (double)count / (double)p->features->n;
}

void logistic_init(struct logistic *m, const struct logistic_problem *p)
{
	if (p->features->n < 1 || p->n_classes < 1)
		BUG("logistic: a fit needs a record and a class");
	*m = (struct logistic){p->n_classes, p->features->d, p->features->ld, .is_multi = p->is_multi};
	size_t n_weights = (size_t)m->n_classes * (size_t)m->ld;
	m->parameters = die_calloc(n_weights + (size_t)m->n_classes, sizeof *m->parameters);
	for (int c = 0; c < m->n_classes; c++) {
		double q = frequency(p, c), *bias = m->parameters + n_weights + c;
		if (q <= 0)
			*bias = -NEVER;
		else if (!m->is_multi)
			*bias = dmath_log(q);
		else
			*bias = q < 1 ? dmath_log(q / (1 - q)) : NEVER;
	}
}

/* Of a chunk, sums over its records of v x^2 and, for the bias, v, where v = probability (1 - probability). */
static void curvature_pass(void *context, int chunk)
{
	struct pass *s = context;
	const struct logistic_problem *p = s->problem;
	size_t ld = (size_t)p->features->ld, c_count = (size_t)p->n_classes, first = (size_t)chunk * CHUNK;
	size_t end = first + CHUNK < p->features->n ? first + CHUNK : p->features->n;
	double *partial = s->partial + (size_t)chunk * s->n_parameters;

	memset(partial, 0, s->n_parameters * sizeof *partial);
	logits(s->logit, s->parameters, p->n_classes, p->features, first, end);
	for (size_t i = first; i < end; i++) {
		const double *x = p->features->x + i * ld;
		double *z = s->logit + i * c_count;
		record_loss(z, p->truth + i * c_count, p->n_classes, p->is_multi);
		for (size_t c = 0; c < c_count; c++) {
			double probability = z[c] + p->truth[i * c_count + c];
			double v = probability * (1 - probability), *sum = partial + c * ld;
			for (size_t k = 0; k < ld; k++)
				sum[k] += v * x[k] * x[k];
			partial[c_count * ld + c] += v;
		}
	}
}

/* The Hessian's diagonal at the starting point preconditions (features are nearly uncorrelated, so little is beside it).
 * The penalty alone makes weights 1-convex; nothing but the data bounds the bias. */
static void set_scales(double *inverse, double *bound, struct pass *s, const double *start)
{
	const struct logistic_problem *p = s->problem;
	size_t n_weights = (size_t)p->n_classes * (size_t)p->features->ld;

	s->parameters = start;
	pool_run(curvature_pass, s, (int)s->n_chunks);
	sum_columns(s, 0, s->n_parameters);

	for (size_t k = 0; k < n_weights; k++) {
		inverse[k] = 1 / (1 + p->c * s->partial[k]);
		bound[k] = 1;
	}

	for (int c = 0; c < p->n_classes; c++) {
		double q = frequency(p, c), prior = p->c * (double)p->features->n * q * (1 - q);
		double curvature = p->c * s->partial[n_weights + (size_t)c];
		inverse[n_weights + (size_t)c] = 1 / (curvature + 1e-3 * prior + (prior > 0 ? 0 : 1));
		bound[n_weights + (size_t)c] = prior > 0 ? 1 / prior : 1;
	}
}

/* Along log c the minimum moves on a smooth path: start where a straight line through the last two fits leads, if the
 * objective is lower there. Remembers this fit's start for the next. */
static void extrapolate(struct logistic *m, struct pass *s, const struct logistic_problem *p,
			double *gradient)
{
	size_t n = s->n_parameters;
	double *last = die_malloc(n * sizeof *last);

	memcpy(last, m->parameters, n * sizeof *last);
	if (m->before && p->c != m->last_c && m->last_c != m->before_c) {
		double ahead = dmath_log(p->c / m->last_c) / dmath_log(m->last_c / m->before_c);
		double here = objective(s, gradient, last);
		for (size_t k = 0; k < n; k++)
			m->parameters[k] += ahead * (last[k] - m->before[k]);
		if (!(objective(s, gradient, m->parameters) < here))
			memcpy(m->parameters, last, n * sizeof *last);
	}

	free(m->before);
	m->before = m->last_c > 0 ? last : NULL;
	if (!m->before)
		free(last);
	m->before_c = m->last_c;
	m->last_c = p->c;
}

struct lbfgs_result logistic_fit(struct logistic *m, const struct logistic_problem *p, double tolerance)
{
	struct pass s;
	pass_init(&s, p);
	double *inverse = die_malloc(2 * s.n_parameters * sizeof *inverse), *bound = inverse + s.n_parameters;
	extrapolate(m, &s, p, inverse);
	set_scales(inverse, bound, &s, m->parameters);
	struct lbfgs_result r = lbfgs_minimize(m->parameters, &(struct lbfgs){.n = s.n_parameters,
									      .objective = objective,
									      .context = &s,
									      .inverse = inverse,
									      .bound = bound,
									      .tolerance = tolerance});
	free(inverse);
	pass_release(&s);
	return r;
}

double logistic_objective(const struct logistic *m, const struct logistic_problem *p, double *gradient)
{
	struct pass s;
	pass_init(&s, p);
	double f = objective(&s, gradient, m->parameters);
	pass_release(&s);
	return f;
}

void logistic_predict(const struct logistic *m, float *probability, const struct features *f)
{
	size_t n_values = f->n * (size_t)m->n_classes;
	double *z = die_malloc(n_values * sizeof *z);
	logits(z, m->parameters, m->n_classes, f, 0, f->n);
	for (size_t i = 0; i < n_values; i += m->is_multi ? 1 : (size_t)m->n_classes)
		m->is_multi ? sigmoid(z + i) : softmax(z + i, m->n_classes);
	for (size_t i = 0; i < n_values; i++)
		probability[i] = (float)z[i];
	free(z);
}

void logistic_release(struct logistic *m)
{
	free(m->parameters);
	free(m->before);
	*m = (struct logistic){0};
}
