#include "statistics/geometry.h"

#include <math.h>
#include <stdlib.h>

#include "common/die.h"
#include "common/pool.h"
#include "numbers/dmath.h"
#include "statistics/dense.h"

void geometry_normalize(struct features *out, const struct features *f)
{
	size_t ld = (size_t)f->ld;
	scaler_features_init(out, f->n, f->d);
	for (size_t i = 0; i < f->n; i++) {
		const double *x = f->x + i * ld;
		double square = 0;
		dense_dots(&square, 1, x, x, ld, 1);
		double length = sqrt(square);
		length = length > 1e-12 ? length : 1e-12;
		for (size_t k = 0; k < ld; k++)
			out->x[i * ld + k] = x[k] / length;
	}
}

double geometry_alignment(const struct features *a, const struct features *b)
{
	double sum = 0;
	if (a->n != b->n || a->d != b->d)
		BUG("alignment needs pairs of rows");
	for (size_t i = 0; i < a->n; i++)
		sum += dense_squared_distance(a->x + i * (size_t)a->ld, b->x + i * (size_t)a->ld,
					      (size_t)a->ld);
	return a->n ? sum / (double)a->n : NAN;
}

struct uniformity {
	const struct features *f;
	double *row; /* [n] sum over j < i */
};

static void uniformity_row(void *context, int i)
{
	struct uniformity *u = context;
	size_t ld = (size_t)u->f->ld;
	const double *x = u->f->x + (size_t)i * ld;
	double sum = 0;
	for (size_t j = 0; j < (size_t)i; j++)
		sum += dmath_exp(-2 * dense_squared_distance(x, u->f->x + j * ld, ld));
	u->row[i] = sum;
}

double geometry_uniformity(const struct features *f)
{
	if (f->n < 2)
		return NAN;
	struct uniformity u = {f, die_malloc(f->n * sizeof *u.row)};
	double sum = 0;
	pool_run(uniformity_row, &u, (int)f->n);
	for (size_t i = 0; i < f->n; i++)
		sum += u.row[i];
	free(u.row);
	return dmath_log(sum / ((double)f->n * (double)(f->n - 1) / 2));
}
