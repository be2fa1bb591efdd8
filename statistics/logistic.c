#include "statistics/logistic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/pool.h"
#include "numbers/dmath.h"
#include "statistics/dense.h"

enum { CHUNK = 64, COLUMNS = 512, NEAR = 8 }; /* NEAR rows stay in the first cache for all classes */
enum { LEAST_GROUP = 64, MOST_GROUP = 1024, LEVELS = 64 };
#define GROUP_BYTES ((size_t)4 << 20) /* of the sums of a group's chunks, if the least group lets it */

/* e^-NEVER is 0 in double whatever the other logits are; finite, so that differences of parameters stay
 * finite. */
static const double NEVER = 1e4;

/* A pass over all records: chunks in groups, whose sums are held until the group's tree is added up. A group
 * is a power of two chunks, so its tree is a part of the tree over all chunks, and groups change no bit. */
struct pass {
	const struct logistic_problem *problem;
	const double *parameters;
	size_t first, n_group,
		group;	       /* the group in hand: its first chunk, its chunks, most chunks of a group */
	double *logit;	       /* [group][CHUNK][n_classes]: z, then dloss/dz */
	double *partial;       /* [group][n_parameters] */
	double *loss;	       /* [n_chunks] */
	double *level[LEVELS]; /* [n_parameters] sum of 2^i groups, where bit i of their number is set */
	size_t n_parameters, n_chunks;
	bool is_wide; /* the CPU has AVX2 */
};

/* Rows of features. */
struct some {
	const double *x;
	size_t n, ld;
};

static struct some rows_from(const struct features *f, size_t first, size_t most)
{
	size_t ld = (size_t)f->ld;
	return (struct some){f->x + first * ld, first + most < f->n ? most : f->n - first, ld};
}

/* z[n][n_classes] = bias + weight x. */
DOUBLE4_INLINE void logits(double *z, const double *parameters, int n_classes, struct some rows)
{
	size_t ld = rows.ld, c_count = (size_t)n_classes;
	for (size_t i = 0; i < rows.n; i++)
		memcpy(z + i * c_count, parameters + c_count * ld, c_count * sizeof *z);
	for (size_t i = 0; i < rows.n; i += NEAR)
		for (size_t c = 0; c < c_count; c++)
			dense_dots(z + i * c_count + c, c_count, parameters + c * ld, rows.x + i * ld, ld,
				   i + NEAR < rows.n ? NEAR : rows.n - i);
}

/* gradient += sum over the rows, ascending, of dz (x, 1). */
DOUBLE4_INLINE void accumulate(double *gradient, const double *dz, int n_classes, struct some rows)
{
	size_t ld = rows.ld, c_count = (size_t)n_classes;
	for (size_t i = 0; i < rows.n; i += NEAR)
		for (size_t c = 0; c < c_count; c++)
			dense_outer(gradient + c * ld, dz + i * c_count + c, c_count, rows.x + i * ld, ld,
				    i + NEAR < rows.n ? NEAR : rows.n - i);
	for (size_t i = 0; i < rows.n; i++)
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

/* What chunk i of the group in hand works on. */
struct chunk {
	struct some rows;
	const uint8_t *truth; /* [rows.n][n_classes] */
	double *logit, *partial, *loss;
};

static struct chunk chunk_at(const struct pass *s, int i)
{
	const struct logistic_problem *p = s->problem;
	size_t at = s->first + (size_t)i, first = at * CHUNK, c_count = (size_t)p->n_classes;
	return (struct chunk){rows_from(p->features, first, CHUNK), p->truth + first * c_count,
			      s->logit + (size_t)i * CHUNK * c_count,
			      s->partial + (size_t)i * s->n_parameters, s->loss + at};
}

DOUBLE4_INLINE void pass_over(struct pass *s, int i)
{
	const struct logistic_problem *p = s->problem;
	struct chunk c = chunk_at(s, i);
	double loss = 0;
	memset(c.partial, 0, s->n_parameters * sizeof *c.partial);
	logits(c.logit, s->parameters, p->n_classes, c.rows);
	for (size_t r = 0; r < c.rows.n; r++) {
		size_t at = r * (size_t)p->n_classes;
		loss += record_loss(c.logit + at, c.truth + at, p->n_classes, p->is_multi);
	}
	accumulate(c.partial, c.logit, p->n_classes, c.rows);
	*c.loss = loss;
}

static void chunk_pass(void *context, int i)
{
	pass_over(context, i);
}

DOUBLE4_AVX2 static void chunk_pass_avx2(void *context, int i)
{
	pass_over(context, i);
}

/* Some columns of the group's sums, by a pairwise tree; the total is the first chunk's. Then into the levels,
 * as a one is added to a binary number: what carries is a pair of the tree. */
static void column_pass(void *context, int task)
{
	struct pass *s = context;
	size_t first = (size_t)task * COLUMNS, n = s->n_parameters;
	size_t end = first + COLUMNS < n ? first + COLUMNS : n;

	for (size_t step = 1; step < s->n_group; step *= 2)
		for (size_t i = 0; i + step < s->n_group; i += 2 * step)
			for (size_t k = first; k < end; k++)
				s->partial[i * n + k] += s->partial[(i + step) * n + k];

	int top = 0;
	for (size_t number = s->first / s->group; number & 1; number >>= 1, top++)
		for (size_t k = first; k < end; k++)
			s->partial[k] += s->level[top][k];
	memcpy(s->level[top] + first, s->partial + first, (end - first) * sizeof *s->partial);
}

/* Run chunk(s, i) for every chunk; returns the sums over all, [n_parameters], until the next pass. */
static const double *run_pass(struct pass *s, void (*chunk)(void *context, int i))
{
	size_t n_groups = 0, n = s->n_parameters;
	for (s->first = 0; s->first < s->n_chunks; s->first += s->group, n_groups++) {
		s->n_group = s->n_chunks - s->first < s->group ? s->n_chunks - s->first : s->group;
		pool_run(chunk, s, (int)s->n_group);
		pool_run(column_pass, s, (int)((n + COLUMNS - 1) / COLUMNS));
	}

	double *sum = NULL;
	for (int i = 0; i < LEVELS && n_groups >> i; i++) {
		if (!(n_groups >> i & 1))
			continue;
		for (size_t k = 0; sum && k < n; k++)
			s->level[i][k] += sum[k];
		sum = s->level[i];
	}
	return sum;
}

static double objective(void *context, double *gradient, const double *parameters)
{
	struct pass *s = context;
	const struct logistic_problem *p = s->problem;
	size_t n_penalized = (size_t)p->n_classes * (size_t)p->features->ld;

	s->parameters = parameters;
	const double *sum = run_pass(s, s->is_wide ? chunk_pass_avx2 : chunk_pass);
	/* No penalty on the bias. */
	for (size_t k = 0; k < s->n_parameters; k++)
		gradient[k] = p->c * sum[k] + (k < n_penalized ? parameters[k] : 0);

	for (size_t step = 1; step < s->n_chunks; step *= 2)
		for (size_t i = 0; i + step < s->n_chunks; i += 2 * step)
			s->loss[i] += s->loss[i + step];
	double penalty = 0;
	for (size_t k = 0; k < n_penalized; k++)
		penalty += parameters[k] * parameters[k];
	return p->c * s->loss[0] + penalty / 2;
}

static void pass_init(struct pass *s, const struct logistic_problem *p)
{
	size_t n = p->features->n, c_count = (size_t)p->n_classes, n_groups;
	*s = (struct pass){.problem = p, .n_parameters = c_count * ((size_t)p->features->ld + 1)};
	s->n_chunks = (n + CHUNK - 1) / CHUNK;
	s->is_wide = double4_has_avx2();
	s->group = LEAST_GROUP;
	while (s->group < MOST_GROUP && 2 * s->group * s->n_parameters * sizeof(double) <= GROUP_BYTES)
		s->group *= 2;

	size_t held = s->n_chunks < s->group ? s->n_chunks : s->group;
	n_groups = (s->n_chunks + s->group - 1) / s->group;
	s->logit = die_malloc(held * CHUNK * c_count * sizeof *s->logit);
	s->partial = die_malloc(held * s->n_parameters * sizeof *s->partial);
	s->loss = die_malloc(s->n_chunks * sizeof *s->loss);
	for (int i = 0; i < LEVELS && n_groups >> i; i++)
		s->level[i] = die_malloc(s->n_parameters * sizeof **s->level);
}

static void pass_release(struct pass *s)
{
	free(s->logit);
	free(s->partial);
	free(s->loss);
	for (int i = 0; i < LEVELS; i++)
		free(s->level[i]);
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

/* Of a chunk, sums over its records of v x^2 and, for the bias, v, where v = probability
 * (1 - probability). */
static void curvature_pass(void *context, int i)
{
	struct pass *s = context;
	const struct logistic_problem *p = s->problem;
	struct chunk c = chunk_at(s, i);
	size_t ld = c.rows.ld, c_count = (size_t)p->n_classes;

	memset(c.partial, 0, s->n_parameters * sizeof *c.partial);
	logits(c.logit, s->parameters, p->n_classes, c.rows);
	for (size_t r = 0; r < c.rows.n; r++) {
		const double *x = c.rows.x + r * ld;
		double *z = c.logit + r * c_count;
		record_loss(z, c.truth + r * c_count, p->n_classes, p->is_multi);
		for (size_t k = 0; k < c_count; k++) {
			double probability = z[k] + c.truth[r * c_count + k];
			double v = probability * (1 - probability), *sum = c.partial + k * ld;
			for (size_t j = 0; j < ld; j++)
				sum[j] += v * x[j] * x[j];
			c.partial[c_count * ld + k] += v;
		}
	}
}

/* The Hessian's diagonal at the starting point preconditions (features are nearly uncorrelated, so little is
 * beside it). The penalty alone makes weights 1-convex; nothing but the data bounds the bias. */
static void set_scales(double *inverse, double *bound, struct pass *s, const double *start)
{
	const struct logistic_problem *p = s->problem;
	size_t n_weights = (size_t)p->n_classes * (size_t)p->features->ld;

	s->parameters = start;
	const double *sum = run_pass(s, curvature_pass);

	for (size_t k = 0; k < n_weights; k++) {
		inverse[k] = 1 / (1 + p->c * sum[k]);
		bound[k] = 1;
	}

	for (int c = 0; c < p->n_classes; c++) {
		double q = frequency(p, c), prior = p->c * (double)p->features->n * q * (1 - q);
		double curvature = p->c * sum[n_weights + (size_t)c];
		inverse[n_weights + (size_t)c] = 1 / (curvature + 1e-3 * prior + (prior > 0 ? 0 : 1));
		bound[n_weights + (size_t)c] = prior > 0 ? 1 / prior : 1;
	}
}

/* Along log c the minimum moves on a smooth path: start where a straight line through the last two fits
 * leads, if the objective is lower there. Remembers this fit's start for the next. */
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
	size_t c_count = (size_t)m->n_classes;
	double *z = die_malloc(CHUNK * c_count * sizeof *z);
	for (size_t first = 0; first < f->n; first += CHUNK) {
		struct some rows = rows_from(f, first, CHUNK);
		logits(z, m->parameters, m->n_classes, rows);
		for (size_t i = 0; i < rows.n * c_count; i += m->is_multi ? 1 : c_count)
			m->is_multi ? sigmoid(z + i) : softmax(z + i, m->n_classes);
		for (size_t i = 0; i < rows.n * c_count; i++)
			*probability++ = (float)z[i];
	}
	free(z);
}

void logistic_release(struct logistic *m)
{
	free(m->parameters);
	free(m->before);
	*m = (struct logistic){0};
}
