#include "statistics/eigen.h"

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"

enum { MAX_SWEEPS = 100 }; /* per eigenvalue; two are usual */

/* Who is told how far it is; tell NULL: nobody. */
struct listener {
	void (*tell)(void *context, double share);
	void *context;
};

/* Shares of the flops: 4/3 n^3 each to tridiagonal and to Q, about 3 n^3 to the values. */
#define TRIDIAGONAL .235
#define ACCUMULATED .47

static void tell(const struct listener *l, double share)
{
	if (l->tell)
		l->tell(l->context, share);
}

static double part(size_t i, size_t n)
{
	return (double)i / (double)n;
}

static double cube(double x)
{
	return x * x * x;
}

static double dot(const double *a, const double *b, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

/* v = x - alpha e1 with H x = alpha e1, H = 1 - beta v v'; returns beta (0: nothing to do), v replaces x. */
static double reflector(double *x, double *alpha, size_t n)
{
	double tail = dot(x + 1, x + 1, n - 1);
	*alpha = x[0];
	if (tail == 0)
		return 0;
	double norm = sqrt(x[0] * x[0] + tail);
	*alpha = x[0] > 0 ? -norm : norm;
	x[0] -= *alpha;
	return 2 / (x[0] * x[0] + tail);
}

/* Q' a Q is tridiagonal: diagonal d, off-diagonal e[0..n-2]. Row k of a keeps reflector k behind its diagonal
 * (the matrix is symmetric, so the row is the column), beta[k] its factor. */
static void tridiagonalize(double *d, double *e, double *beta, double *work, double *a, size_t n,
			   const struct listener *to)
{
	for (size_t k = 0; k + 1 < n; k++) {
		tell(to, TRIDIAGONAL * (1 - cube(part(n - k, n))));
		size_t m = n - k - 1;
		double *v = a + k * n + k + 1, *block = a + (k + 1) * n + k + 1;
		d[k] = a[k * n + k];
		beta[k] = reflector(v, &e[k], m);
		if (beta[k] == 0)
			continue;
		for (size_t i = 0; i < m; i++)
			work[i] = beta[k] * dot(block + i * n, v, m);
		double half = beta[k] / 2 * dot(work, v, m);
		for (size_t i = 0; i < m; i++)
			work[i] -= half * v[i];
		for (size_t i = 0; i < m; i++)
			for (size_t j = 0; j < m; j++)
				block[i * n + j] -= v[i] * work[j] + work[i] * v[j];
	}

	d[n - 1] = a[n * n - 1];
}

/* q = Q': the product of the reflectors, last first. */
static void accumulate(double *q, const double *a, const double *beta, size_t n, const struct listener *to)
{
	memset(q, 0, n * n * sizeof *q);
	for (size_t i = 0; i < n; i++)
		q[i * n + i] = 1;
	for (size_t k = n - 1; k-- > 0;) {
		tell(to, TRIDIAGONAL + (ACCUMULATED - TRIDIAGONAL) * cube(part(n - k - 1, n)));
		size_t m = n - k - 1;
		const double *v = a + k * n + k + 1;
		for (size_t i = 0; beta[k] != 0 && i < m; i++) {
			double *row = q + (k + 1 + i) * n + k + 1, s = beta[k] * dot(row, v, m);
			for (size_t j = 0; j < m; j++)
				row[j] -= s * v[j];
		}
	}
}

static void rotate(double *upper, double *lower, double c, double s, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		double f = lower[k];
		lower[k] = s * upper[k] + c * f;
		upper[k] = c * upper[k] - s * f;
	}
}

/* One implicit QL sweep over the unreduced block l..m with Wilkinson's shift; q's rows turn with it. */
static void sweep(double *d, double *e, double *q, size_t n, size_t l, size_t m)
{
	double g = (d[l + 1] - d[l]) / (2 * e[l]), r = sqrt(g * g + 1), s = 1, c = 1, p = 0;
	g = d[m] - d[l] + e[l] / (g + (g >= 0 ? r : -r));
	for (size_t i = m; i-- > l;) {
		double f = s * e[i], b = c * e[i];
		r = sqrt(f * f + g * g);
		e[i + 1] = r;
		if (r == 0) { /* the block falls apart here */
			d[i + 1] -= p;
			e[m] = 0;
			return;
		}
		s = f / r;
		c = g / r;
		g = d[i + 1] - p;
		r = (d[i] - g) * s + 2 * c * b;
		p = s * r;
		d[i + 1] = g + p;
		g = c * r - b;
		rotate(q + i * n, q + (i + 1) * n, c, s, n);
	}

	d[l] -= p;
	e[l] = g;
	e[m] = 0;
}

static void diagonalize(double *d, double *e, double *q, size_t n, const struct listener *to)
{
	double size = 0;
	for (size_t i = 0; i < n; i++)
		size = fmax(size, fabs(d[i]) + fabs(e[i]));
	for (size_t l = 0; l < n; l++) {
		double left = part(n - l, n);
		tell(to, 1 - (1 - ACCUMULATED) * left * left);
		for (int k = 0;; k++) {
			size_t m = l;
			while (m + 1 < n && fabs(e[m]) > DBL_EPSILON * size)
				m++;
			if (m == l)
				break;
			if (k == MAX_SWEEPS)
				BUG("eigen_symmetric does not converge: is the matrix finite?");
			sweep(d, e, q, n, l, m);
		}
	}
}

static void fix_sign(double *v, size_t n)
{
	size_t top = 0;
	for (size_t k = 1; k < n; k++)
		if (fabs(v[k]) > fabs(v[top]))
			top = k;
	double sign = v[top] < 0 ? -1 : 1;
	for (size_t k = 0; k < n; k++)
		v[k] *= sign;
}

static void copy_sorted(double *values, double *vectors, const double *d, const double *q, size_t n)
{
	size_t *order = die_malloc(n * sizeof *order);
	for (size_t i = 0; i < n; i++) { /* insertion: stable, and n^2 is nothing beside n^3 */
		size_t at = i;
		for (; at > 0 && d[order[at - 1]] < d[i]; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	for (size_t i = 0; i < n; i++) {
		values[i] = d[order[i]];
		memcpy(vectors + i * n, q + order[i] * n, n * sizeof *vectors);
		fix_sign(vectors + i * n, n);
	}
	free(order);
}

void eigen_symmetric(double *values, double *vectors, double *a, int n)
{
	eigen_symmetric_told(values, vectors, a, n, NULL, NULL);
}

void eigen_symmetric_told(double *values, double *vectors, double *a, int n_signed,
			  void (*told)(void *context, double share), void *context)
{
	const struct listener to = {told, context};
	size_t n = (size_t)n_signed;
	double *d = die_calloc(4 * n, sizeof *d), *e = d + n, *beta = d + 2 * n, *work = d + 3 * n;
	double *q = die_malloc(n * n * sizeof *q);
	tridiagonalize(d, e, beta, work, a, n, &to);
	accumulate(q, a, beta, n, &to);
	diagonalize(d, e, q, n, &to);
	copy_sorted(values, vectors, d, q, n);
	tell(&to, 1);
	free(q);
	free(d);
}
