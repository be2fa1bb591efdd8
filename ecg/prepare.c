#include "ecg/prepare.h"

#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/filter.h"
#include "ecg/gap.h"
#include "ecg/lead.h"
#include "ecg/normalize.h"
#include "ecg/raw.h"
#include "ecg/resample.h"
#include "numbers/dmath.h"

#define WINDOWS_MAX 1000000 /* of a record */
#define LEAST_SD_MV 1e-6    /* a lead with less has no signal left */

/* One resampling plan per rate met; a record finds its own or makes it. */
struct plan {
	long from_hz;
	struct resample *resample;
	struct plan *next;
};

/* Memory for one record; kept for the next, because the system clears whatever it gives anew. */
struct workspace {
	size_t rows;   /* of x and y */
	size_t padded; /* rows of scratch */
	double (*x)[LEADS], (*y)[LEADS], (*scratch)[LEADS];
	int32_t *adc; /* [rows] */
	struct workspace *next;
};

struct prepare {
	struct prepare_settings settings;
	int samples;
	struct filter filter;
	pthread_mutex_t lock;
	struct plan *plans;
	struct workspace *spare;
};

struct prepare *prepare_open(const struct prepare_settings *s, struct error *e)
{
	struct prepare *p = die_calloc(1, sizeof *p);
	p->settings = *s;
	p->samples = (int)floor(s->duration_s * s->rate_hz + 1e-9);
	if (p->samples < 2) {
		error_set(e, NULL, 0, "%g s at %d Hz are %d samples: expected at least 2", s->duration_s,
			  s->rate_hz, p->samples);
		goto fail;
	}

	if (filter_band(&p->filter, s->rate_hz, s->high_pass_hz, s->low_pass_hz, s->filter_order, e) < 0)
		goto fail;
	pthread_mutex_init(&p->lock, NULL);
	return p;
fail:
	free(p);

	return NULL;
}

static void workspace_free(struct workspace *w)
{
	free(w->x);
	free(w->y);
	free(w->scratch);
	free(w->adc);
	free(w);
}

/* One that no other thread has, with room for so many rows. */
static struct workspace *workspace_take(struct prepare *p, size_t rows, size_t padded)
{
	pthread_mutex_lock(&p->lock);
	struct workspace *w = p->spare;
	if (w)
		p->spare = w->next;
	pthread_mutex_unlock(&p->lock);
	if (w && w->rows >= rows && w->padded >= padded)
		return w;
	if (w)
		workspace_free(w);
	w = die_malloc(sizeof *w);
	*w = (struct workspace){.rows = rows,
				.padded = padded,
				.x = die_malloc(rows * sizeof *w->x),
				.y = die_malloc(rows * sizeof *w->y),
				.scratch = die_malloc(padded * sizeof *w->scratch),
				.adc = die_malloc(rows * sizeof *w->adc)};

	return w;
}

static void workspace_give_back(struct prepare *p, struct workspace *w)
{
	pthread_mutex_lock(&p->lock);
	w->next = p->spare;
	p->spare = w;
	pthread_mutex_unlock(&p->lock);
}

void prepare_close(struct prepare *p)
{
	if (!p)
		return;
	for (struct workspace *w = p->spare, *next; w; w = next) {
		next = w->next;
		workspace_free(w);
	}
	for (struct plan *plan = p->plans, *next; plan; plan = next) {
		next = plan->next;
		resample_close(plan->resample);
		free(plan);
	}
	pthread_mutex_destroy(&p->lock);
	free(p);
}

int prepare_samples(const struct prepare *p)
{
	return p->samples;
}

static const struct resample *find_plan(struct prepare *p, long from_hz, struct error *e)
{
	pthread_mutex_lock(&p->lock);
	struct plan *plan = p->plans;
	while (plan && plan->from_hz != from_hz)
		plan = plan->next;
	if (!plan) {
		struct resample *r = resample_open(from_hz, p->settings.rate_hz, e);
		if (r) {
			plan = die_malloc(sizeof *plan);
			*plan = (struct plan){.from_hz = from_hz, .resample = r, .next = p->plans};
			p->plans = plan;
		}
	}
	pthread_mutex_unlock(&p->lock);
	return plan ? plan->resample : NULL;
}

/* ---- the leads ---- */

/* Samples that a window needs: its duration, and the fewest that reach the last output sample's time. */
static double window_samples(const struct prepare *p, double rate_hz)
{
	double needed = floor((p->samples - 1.0) * rate_hz / p->settings.rate_hz) + 1;
	return fmax(needed, floor(p->settings.duration_s * rate_hz + 1e-9));
}

static double window_start(const struct prepare *p, double rate_hz, int window)
{
	return floor(window * p->settings.duration_s * rate_hz + 1e-9);
}

int prepare_windows(const struct prepare *p, const json_t *header)
{
	double rate_hz = json_number_value(json_object_get(header, "rate_hz")),
	       t = window_samples(p, rate_hz);
	double samples = (double)json_integer_value(json_object_get(header, "samples"));
	int n = 1;
	while (rate_hz > 0 && n < WINDOWS_MAX && window_start(p, rate_hz, n) + t <= samples)
		n++;
	return n;
}

/* The part of the record that is this window: where its rows begin, or NULL if the record lacks it. */
static const uint8_t *cut_window(struct raw *raw, const struct prepare *p, const uint8_t *bytes, int window,
				 struct error *e)
{
	double t = window_samples(p, (double)raw->rate_hz),
	       start = window_start(p, (double)raw->rate_hz, window);
	if ((double)raw->samples < start + t) {
		error_set(e, NULL, 0, "short: %ld samples at %ld Hz, expected %g s (preprocess.duration_s)",
			  raw->samples, raw->rate_hz, (window + 1) * p->settings.duration_s);
		return NULL;
	}
	raw->t = (long)t;
	return bytes + (size_t)start * (size_t)raw->width * (size_t)raw->n_columns;
}

/* A lead is of no use: -1, the record's end, or 0 and its mask. The first reason stays in e. */
static int spoil(struct prepare_result *out, const struct prepare *p, int l, const char *reason,
		 struct error *e)
{
	error_set(e, NULL, 0, "lead %s: %s", lead_names[l], reason);
	out->keep[l] = 0;
	return p->settings.masks_bad ? 0 : -1;
}

/* What is derived from a lead that is masked is masked. */
static void spread(uint8_t keep[LEADS], const struct raw *raw)
{
	for (int l = 0; l < LEADS; l++)
		if (raw->origin[l] == RAW_DERIVED && !(keep[0] && keep[1]))
			keep[l] = 0;
}

/* Bridge the gaps of a lead that is read, in ADC steps and in mV, and look at it. */
static int check_lead(struct prepare_result *out, struct workspace *w, const struct raw *raw, int l,
		      const struct prepare *p, const uint8_t *bytes, struct error *e)
{
	char reason[128];
	long most = (long)(p->settings.bridge_ms * (double)raw->rate_hz / 1000 + 1e-9);
	long clip_run = (raw->rate_hz * QUALITY_CLIP_MS + 999) / 1000;

	raw_lead(w->adc, raw, bytes, l);
	long n = gap_bridge(w->adc, raw->t, raw_missing(raw), most);
	for (long t = 0; n && t < raw->t; t++)
		w->x[t][l] = (w->adc[t] - raw->baseline[l]) / raw->gain[l];
	out->n_bridged += n;

	struct quality q = quality_measure(w->adc, raw->t, 1, raw_missing(raw), clip_run > 2 ? clip_run : 2);
	return quality_is_good(reason, sizeof reason, &q, &p->settings.limits, (double)raw->rate_hz)
		       ? 0
		       : spoil(out, p, l, reason, e);
}

/* Which leads are kept, of those that are there; what is not is 0 from here on. */
static int check_leads(struct prepare_result *out, struct workspace *w, const struct raw *raw,
		       const struct prepare *p, const uint8_t *bytes, struct error *e)
{
	for (int l = 0; l < LEADS; l++) {
		out->keep[l] = raw->origin[l] != RAW_ABSENT;
		if (raw->origin[l] == RAW_READ && check_lead(out, w, raw, l, p, bytes, e) < 0)
			return -1;
	}
	raw_derive(w->x, raw);
	spread(out->keep, raw);
	for (int l = 0; l < LEADS; l++)
		for (long t = 0; !out->keep[l] && t < raw->t; t++)
			w->x[t][l] = 0;
	return 0;
}

/* ---- amplitudes ---- */

/* The middle one of the deviations of the leads that are kept. */
static double typical_mv(const struct normalize_moments *m, const uint8_t keep[LEADS])
{
	double sorted[LEADS];
	int n = 0;
	for (int l = 0; l < LEADS; l++) {
		if (!keep[l])
			continue;
		int at = n++;
		for (; at > 0 && sorted[at - 1] > m->sd[l]; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = m->sd[l];
	}
	return n ? sorted[n / 2] : 0;
}

/* A wrong unit makes all leads wrong, so it is told from a bad lead. */
static int check_unit(const struct prepare *p, const struct normalize_moments *m, const uint8_t keep[LEADS],
		      struct error *e)
{
	double mv = typical_mv(m, keep);
	bool is_large = mv > p->settings.most_mv;
	if (mv >= LEAST_SD_MV && !is_large && mv >= p->settings.least_mv)
		return 0;
	if (mv < LEAST_SD_MV)
		return 0; /* flat leads are told one by one */
	return error_set(
		e, NULL, 0,
		"leads of %.3g mV standard deviation are no ECG (%g to %g mV are expected): the gain or "
		"unit of its header (of CSV and .npy: fetch.signal_unit) is wrong, such as %s",
		mv, p->settings.least_mv, p->settings.most_mv,
		is_large ? "microvolts that are called mV" : "volts that are called mV");
}

static int check_amplitudes(struct prepare_result *out, const struct prepare *p,
			    const struct normalize_moments *m, struct error *e)
{
	char reason[128];
	for (int l = 0; l < LEADS; l++) {
		if (!out->keep[l])
			continue;
		if (m->sd[l] < LEAST_SD_MV)
			snprintf(reason, sizeof reason, "flat after filtering");
		else if (!(m->sd[l] <= p->settings.most_mv))
			snprintf(reason, sizeof reason, "standard deviation %.3g mV, limit %g mV", m->sd[l],
				 p->settings.most_mv);
		else
			continue;
		if (spoil(out, p, l, reason, e) < 0)
			return -1;
	}
	return 0;
}

/* The natural logarithm of each deviation; of a lead that is masked the mean of the others', which says of it
 * neither that it is large nor that it is small. -1 if none is kept. */
static int write_scale(float *scale, const struct normalize_moments *m, const uint8_t keep[LEADS])
{
	double log_sd[LEADS], sum = 0, n = 0;
	for (int l = 0; l < LEADS; l++) {
		if (!keep[l])
			continue;
		log_sd[l] = dmath_log(m->sd[l]);
		sum += log_sd[l];
		n++;
	}
	for (int l = 0; n && l < LEADS; l++)
		scale[l] = (float)(keep[l] ? log_sd[l] : sum / n);
	return n ? 0 : -1;
}

static int finish(struct prepare_result *out, const struct prepare *p, const struct raw *raw, float *signal,
		  float *scale, const double (*x)[LEADS], struct error *e)
{
	struct normalize_moments m = normalize_measure(x, p->samples);
	if (check_unit(p, &m, out->keep, e) < 0 || check_amplitudes(out, p, &m, e) < 0)
		return -1;
	spread(out->keep, raw);
	if (write_scale(scale, &m, out->keep) < 0)
		return -1; /* e has the reason of the first */

	normalize_write(signal, x, p->samples, &m, out->keep, p->settings.normalize);
	e->text[0] = '\0';
	return 0;
}

int prepare_run(struct prepare *p, float *signal, float *scale, struct prepare_result *out,
		const json_t *header, const void *bytes, size_t n_bytes, int window, struct error *e)
{
	struct raw raw;
	const struct resample *resample;
	const uint8_t *rows;

	*out = (struct prepare_result){0};
	if (raw_open(&raw, header, n_bytes, p->settings.masks_absent, e) < 0 ||
	    !(rows = cut_window(&raw, p, bytes, window, e)) || !(resample = find_plan(p, raw.rate_hz, e)))
		return -1;
	out->is_cut = (double)raw.samples > window_start(p, (double)raw.rate_hz, window) + (double)raw.t;

	int pad = resample_pad(resample) > p->filter.pad ? resample_pad(resample) : p->filter.pad;
	long made = resample_length(resample, (int)raw.t);
	size_t n = (size_t)(raw.t > made ? raw.t : made);
	struct workspace *w = workspace_take(p, n, n + 2 * (size_t)pad);
	raw_millivolts(w->x, &raw, rows);
	int result = check_leads(out, w, &raw, p, rows, e);

	if (result == 0) {
		resample_run(resample, w->y, (const double(*)[LEADS])w->x, w->scratch, (int)raw.t);
		filter_run(&p->filter, w->y, w->scratch, p->samples);
		result = finish(out, p, &raw, signal, scale, (const double(*)[LEADS])w->y, e);
	}

	workspace_give_back(p, w);
	return result;
}
