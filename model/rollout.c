#include "model/rollout.h"

#include <stdlib.h>

#include "common/die.h"

/* out[k] += half of what w[q] sends to key k, map [H][n][n_keys]. */
static void spread(double *out, const double *w, const float *map, int n_heads, int n, int n_keys)
{
	for (int h = 0; h < n_heads; h++)
		for (int q = 0; q < n; q++)
			for (int k = 0; k < n_keys; k++)
				out[k] += .5 * w[q] * (double)map[(h * n + q) * n_keys + k] / n_heads;
}

void rollout_self(double *w, const float *map, int n_heads, int n)
{
	double *out = die_calloc((size_t)n, sizeof *out);
	spread(out, w, map, n_heads, n, n);
	for (int k = 0; k < n; k++)
		w[k] = .5 * w[k] + out[k];
	free(out);
}

void rollout_cross(double *w, const float *time_to_lead, const float *lead_to_time, int n_heads, int n_tokens,
		   int n_leads)
{
	double *out = die_calloc((size_t)(n_tokens + n_leads), sizeof *out);
	spread(out + n_tokens, w, time_to_lead, n_heads, n_tokens, n_leads);
	spread(out, w + n_tokens, lead_to_time, n_heads, n_leads, n_tokens);
	for (int k = 0; k < n_tokens + n_leads; k++)
		w[k] = .5 * w[k] + out[k];
	free(out);
}

/* Each tower's tokens share the gate's weight of it. */
static void start(double *w, struct dualview *d, int batch, int n)
{
	float *alpha = die_malloc(2 * (size_t)batch * sizeof *alpha);
	d->ops->download(alpha, d->alpha, 2 * (size_t)batch * sizeof *alpha);
	for (int b = 0; b < batch; b++)
		for (int k = 0; k < n + DUALVIEW_LEADS; k++)
			w[b * (n + DUALVIEW_LEADS) + k] =
				k < n ? (double)alpha[2 * b] / n : (double)alpha[2 * b + 1] / DUALVIEW_LEADS;
	free(alpha);
}

static void self_layers(double *w, struct dualview *d, enum towers tower, int n_layers, int batch, int n)
{
	int own = tower == TOWERS_TIME ? n : DUALVIEW_LEADS, first = tower == TOWERS_TIME ? 0 : n;
	size_t size = (size_t)d->config.n_heads * (size_t)own * (size_t)own;
	float *map = die_malloc((size_t)batch * size * sizeof *map);
	for (int i = n_layers - 1; i >= 0; i--) {
		dualview_map(d, map, tower, i);
		for (int b = 0; b < batch; b++)
			rollout_self(w + b * (n + DUALVIEW_LEADS) + first, map + (size_t)b * size,
				     d->config.n_heads, own);
	}
	free(map);
}

void rollout_relevance(float *relevance, struct dualview *d, int batch)
{
	const struct dualview_config *c = &d->config;
	int n = c->samples / 10, all = n + DUALVIEW_LEADS;
	size_t size = (size_t)c->n_heads * (size_t)n * DUALVIEW_LEADS;
	double *w = die_malloc((size_t)batch * (size_t)all * sizeof *w);
	float *to_lead = die_malloc((size_t)batch * size * sizeof *to_lead),
	      *to_time = die_malloc((size_t)batch * size * sizeof *to_time);

	start(w, d, batch, n);
	for (int i = c->n_cross - 1; i >= 0; i--) {
		dualview_map(d, to_lead, TOWERS_TIME, c->n_time_layers + i);
		dualview_map(d, to_time, TOWERS_CHANNEL, c->n_channel_layers + i);
		for (int b = 0; b < batch; b++)
			rollout_cross(w + b * all, to_lead + (size_t)b * size, to_time + (size_t)b * size,
				      c->n_heads, n, DUALVIEW_LEADS);
	}

	self_layers(w, d, TOWERS_TIME, c->n_time_layers, batch, n);
	self_layers(w, d, TOWERS_CHANNEL, c->n_channel_layers, batch, n);
	for (int k = 0; k < batch * all; k++)
		relevance[k] = (float)w[k];
	free(to_lead);
	free(to_time);
	free(w);
}
