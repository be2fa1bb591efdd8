#include "statistics/scaler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"

enum { ALIGN = 64, PAD = 8 };

void scaler_fit(struct scaler *s, const float *raw, size_t n, int d)
{
	if (n < 1)
		BUG("scaler_fit: no records");
	*s = (struct scaler){.d = d};
	s->mean = die_calloc((size_t)d, sizeof *s->mean);
	s->scale = die_calloc((size_t)d, sizeof *s->scale);

	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < d; k++)
			s->mean[k] += (double)raw[i * (size_t)d + (size_t)k];
	for (int k = 0; k < d; k++)
		s->mean[k] /= (double)n;

	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < d; k++) {
			double x = (double)raw[i * (size_t)d + (size_t)k] - s->mean[k];
			s->scale[k] += x * x;
		}

	for (int k = 0; k < d; k++) {
		s->scale[k] = sqrt(s->scale[k] / (double)n);
		if (s->scale[k] <= 1e-12 * fabs(s->mean[k])) /* nothing but the rounding of the mean */
			s->scale[k] = 0;
	}
}

void scaler_apply(const struct scaler *s, struct features *f, const float *raw)
{
	for (size_t i = 0; i < f->n; i++)
		for (int k = 0; k < s->d; k++) {
			double x = (double)raw[i * (size_t)s->d + (size_t)k];
			f->x[i * (size_t)f->ld + (size_t)k] =
				s->scale[k] > 0 ? (x - s->mean[k]) / s->scale[k] : 0;
		}
}

void scaler_release(struct scaler *s)
{
	free(s->mean);
	free(s->scale);
	*s = (struct scaler){0};
}

void scaler_features_init(struct features *f, size_t n, int d)
{
	*f = (struct features){.n = n, .d = d, .ld = (d + PAD - 1) / PAD * PAD};
	size_t n_bytes = (n ? n : 1) * (size_t)f->ld * sizeof *f->x;
	f->x = aligned_alloc(ALIGN, n_bytes);
	if (!f->x)
		die("out of memory: %zu bytes for the features of %zu records", n_bytes, n);
	memset(f->x, 0, n_bytes);
}

void scaler_features_release(struct features *f)
{
	free(f->x);
	*f = (struct features){0};
}
