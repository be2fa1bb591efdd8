#include "statistics/scaler.h"

#include <math.h>
#include <stdlib.h>

#include "common/die.h"
#include "common/scratch.h"

enum { PAD = 8 };

void scaler_fit(struct scaler *s, const struct rows *r)
{
	size_t d = (size_t)r->d;
	if (r->n < 1)
		BUG("scaler_fit: no records");
	*s = (struct scaler){.d = r->d};
	s->mean = die_calloc(d, sizeof *s->mean);
	s->scale = die_calloc(d, sizeof *s->scale);
	float *row = die_malloc(d * sizeof *row);

	for (size_t i = 0; i < r->n; i++) {
		rows_read(r, row, i);
		for (size_t k = 0; k < d; k++)
			s->mean[k] += (double)row[k];
	}
	for (size_t k = 0; k < d; k++)
		s->mean[k] /= (double)r->n;

	for (size_t i = 0; i < r->n; i++) {
		rows_read(r, row, i);
		for (size_t k = 0; k < d; k++) {
			double x = (double)row[k] - s->mean[k];
			s->scale[k] += x * x;
		}
	}

	for (size_t k = 0; k < d; k++) {
		s->scale[k] = sqrt(s->scale[k] / (double)r->n);
		if (s->scale[k] <= 1e-12 * fabs(s->mean[k])) /* nothing but the rounding of the mean */
			s->scale[k] = 0;
	}
	free(row);
}

void scaler_apply(const struct scaler *s, struct features *f, const struct rows *r, size_t first)
{
	size_t d = (size_t)s->d;
	float *row = die_malloc(d * sizeof *row);
	for (size_t i = 0; i < f->n; i++) {
		rows_read(r, row, first + i);
		for (size_t k = 0; k < d; k++)
			f->x[i * (size_t)f->ld + k] =
				s->scale[k] > 0 ? ((double)row[k] - s->mean[k]) / s->scale[k] : 0;
	}
	free(row);
}

void scaler_release(struct scaler *s)
{
	free(s->mean);
	free(s->scale);
	*s = (struct scaler){0};
}

static size_t n_bytes(const struct features *f)
{
	return (f->n ? f->n : 1) * (size_t)f->ld * sizeof *f->x;
}

void scaler_features_init(struct features *f, size_t n, int d)
{
	*f = (struct features){.n = n, .d = d, .ld = (d + PAD - 1) / PAD * PAD};
	f->x = scratch_new(n_bytes(f));
}

void scaler_features_release(struct features *f)
{
	if (f->x)
		scratch_free(f->x, n_bytes(f));
	*f = (struct features){0};
}
