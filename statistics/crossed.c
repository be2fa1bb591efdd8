#include "statistics/crossed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "statistics/student.h"

/* The rows of x [a][b] without a gap, into out; returns how many. With turned, x is read as its transpose. */
static size_t whole_rows(double *out, const double *x, size_t a, size_t b, int is_turned)
{
	size_t n = 0;
	for (size_t i = 0; i < a; i++) {
		int is_whole = 1;
		for (size_t j = 0; j < b; j++) {
			double v = is_turned ? x[j * a + i] : x[i * b + j];
			out[n * b + j] = v;
			is_whole &= isfinite(v) != 0;
		}
		n += (size_t)is_whole;
	}
	return n;
}

struct squares {
	double mean, rows, columns, rest; /* mean squares; 0 without degrees of freedom */
};

static struct squares squares_of(const double *x, size_t a, size_t b)
{
	struct squares s = {0};
	double sum = 0, of_rows = 0, of_columns = 0, of_all = 0;
	for (size_t i = 0; i < a * b; i++)
		sum += x[i];
	s.mean = sum / (double)(a * b);
	for (size_t i = 0; i < a; i++) {
		double d = 0;
		for (size_t j = 0; j < b; j++)
			d += x[i * b + j] - s.mean;
		of_rows += d * d / (double)b;
	}
	for (size_t j = 0; j < b; j++) {
		double d = 0;
		for (size_t i = 0; i < a; i++)
			d += x[i * b + j] - s.mean;
		of_columns += d * d / (double)a;
	}
	for (size_t i = 0; i < a * b; i++)
		of_all += (x[i] - s.mean) * (x[i] - s.mean);

	s.rows = a > 1 ? of_rows / (double)(a - 1) : 0;
	s.columns = b > 1 ? of_columns / (double)(b - 1) : 0;
	s.rest = a > 1 && b > 1 ? fmax(0, of_all - of_rows - of_columns) / (double)((a - 1) * (b - 1)) : 0;
	return s;
}

static double degree(double square, size_t n)
{
	return n > 1 ? square * square / (double)(n - 1) : 0;
}

static void measure(struct crossed *c, const double *x)
{
	size_t a = c->n_rows, b = c->n_columns;
	struct squares s = squares_of(x, a, b);
	double rows = fmax(s.rows, s.rest), columns = fmax(s.columns, s.rest);

	/* Sums of mean squares, each with its sign: E + (R - E) + (C - E). */
	double rest = s.rest - (s.rows > s.rest ? s.rest : 0) - (s.columns > s.rest ? s.rest : 0);
	double square = s.rest + (rows - s.rest) + (columns - s.rest);
	double over = (s.rows > s.rest ? degree(s.rows, a) : 0) +
		      (s.columns > s.rest ? degree(s.columns, b) : 0) + degree(rest, (a - 1) * (b - 1) + 1);
	double df = over > 0 ? square * square / over : 1e9;

	c->mean = s.mean;
	c->error = sqrt(square / (double)(a * b));
	double half = c->error * student_t975(fmin(df, 1e6));
	c->low = c->mean - half;
	c->high = c->mean + half;
	if (a * b == 1)
		c->error = c->low = c->high = NAN;
}

struct crossed crossed_mean(const double *x, size_t n_rows, size_t n_columns)
{
	struct crossed c = {NAN, NAN, NAN, NAN, 0, 0};
	size_t n = n_rows * n_columns;
	double *by_row = die_malloc((n + 1) * sizeof *by_row),
	       *by_column = die_malloc((n + 1) * sizeof *by_column);
	size_t a = whole_rows(by_row, x, n_rows, n_columns, 0),
	       b = whole_rows(by_column, x, n_columns, n_rows, 1);

	if (a && a * n_columns >= b * n_rows) {
		c.n_rows = a;
		c.n_columns = n_columns;
		measure(&c, by_row);
	} else if (b) {
		c.n_rows = b; /* turned: the formula is the same both ways */
		c.n_columns = n_rows;
		measure(&c, by_column);
		c.n_rows = n_rows;
		c.n_columns = b;
	}

	free(by_row);
	free(by_column);
	return c;
}

struct crossed crossed_within(struct crossed c, double least, double most)
{
	c.low = c.low < least ? least : c.low;
	c.high = c.high > most ? most : c.high;
	return c;
}
