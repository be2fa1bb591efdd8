#include "ecg/prepare.h"

#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/filter.h"
#include "ecg/lead.h"
#include "ecg/resample.h"
#include "numbers/dmath.h"
#include "numbers/double4.h"

#define MAX_COLUMNS 1024
#define LEAST_SD_MV 1e-6 /* a lead with less has no signal left */

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

/* A raw record as its header describes it. */
struct raw {
	long rate_hz, t;      /* samples per lead that are used */
	int n_columns, width; /* of a row; bytes of a sample, 2 or 4 */
	int column[LEADS];    /* of each canonical lead */
	double gain[LEADS], baseline[LEADS];
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

/* ---- the header ---- */

static int find_leads(struct raw *raw, const json_t *leads, struct error *e)
{
	raw->n_columns = (int)json_array_size(leads);
	if (raw->n_columns < 1 || raw->n_columns > MAX_COLUMNS)
		return error_set(e, "header", 0, "expected member 'leads' with 1 to %d names", MAX_COLUMNS);
	for (int l = 0; l < LEADS; l++)
		raw->column[l] = -1;

	for (int c = 0; c < raw->n_columns; c++) {
		const char *name = json_string_value(json_array_get(leads, (size_t)c));
		int lead = name ? lead_index(name) : -1;
		if (lead >= 0 && raw->column[lead] >= 0)
			return error_set(e, NULL, 0, "lead %s stands twice", lead_names[lead]);
		if (lead >= 0)
			raw->column[lead] = c;
	}

	for (int l = 0; l < LEADS; l++)
		if (raw->column[l] < 0)
			return error_set(e, NULL, 0, "lead %s is missing", lead_names[l]);
	return 0;
}

static int read_calibration(struct raw *raw, const json_t *header, struct error *e)
{
	const json_t *gain = json_object_get(header, "gain"), *baseline = json_object_get(header, "baseline");
	const json_t *units = json_object_get(header, "units");

	for (int l = 0; l < LEADS; l++) {
		size_t c = (size_t)raw->column[l];
		const json_t *g = json_array_get(gain, c), *b = json_array_get(baseline, c);
		const char *unit = json_string_value(json_array_get(units, c));
		raw->gain[l] = json_number_value(g);
		raw->baseline[l] = json_number_value(b);
		if (!json_is_number(g) || !isfinite(raw->gain[l]) || raw->gain[l] == 0)
			return error_set(e, NULL, 0, "lead %s: expected a gain other than 0", lead_names[l]);
		if (!json_is_number(b) || !isfinite(raw->baseline[l]))
			return error_set(e, NULL, 0, "lead %s: expected a baseline", lead_names[l]);
		if (!unit || strcmp(unit, "mV"))
			return error_set(e, NULL, 0, "lead %s: expected unit mV, found '%s'", lead_names[l],
					 unit ? unit : "none");
	}

	return 0;
}

/* Rate, length and sample type; sets raw->t to what the duration takes of the record. */
static int read_shape(struct raw *raw, const struct prepare *p, const json_t *header, size_t n_bytes,
		      struct error *e)
{
	const char *dtype = json_string_value(json_object_get(header, "dtype"));
	double rate_hz = json_number_value(json_object_get(header, "rate_hz"));
	json_int_t samples = json_integer_value(json_object_get(header, "samples"));

	raw->width = dtype && !strcmp(dtype, "int16") ? 2 : dtype && !strcmp(dtype, "int32") ? 4 : 0;
	if (!raw->width)
		return error_set(e, "header", 0, "expected dtype int16 or int32");
	size_t row = (size_t)raw->width * (size_t)raw->n_columns;
	if (samples < 1 || n_bytes / row != (size_t)samples || n_bytes % row)
		return error_set(e, NULL, 0, "expected %lld samples of %zu bytes, found %zu bytes",
				 (long long)samples, row, n_bytes);
	if (!(rate_hz >= 1 && rate_hz <= RESAMPLE_MAX_HZ) || rate_hz != floor(rate_hz))
		return error_set(e, NULL, 0, "expected a whole sampling rate of 1 to %d Hz, found %.15g Hz",
				 RESAMPLE_MAX_HZ, rate_hz);
	raw->rate_hz = (long)rate_hz;

	/* The fewest samples that reach the last output sample's time. */
	double needed = floor((p->samples - 1) * rate_hz / p->settings.rate_hz) + 1;
	double wanted = fmax(needed, floor(p->settings.duration_s * rate_hz + 1e-9));
	if ((double)samples < wanted)
		return error_set(e, NULL, 0, "short: %lld samples at %.15g Hz, expected %g s",
				 (long long)samples, rate_hz, p->settings.duration_s);
	raw->t = (long)wanted;

	return 0;
}

/* ---- the samples ---- */

DOUBLE4_INLINE int32_t sample_at(const uint8_t *bytes, size_t i, int width)
{
	if (width == 2) {
		const uint8_t *b = bytes + 2 * i;
		return (int16_t)(uint16_t)(b[0] | b[1] << 8);
	}
	const uint8_t *b = bytes + 4 * i;
	return (int32_t)((uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24);
}

/* adc [t] is scratch. */
static int check_lead(int32_t *adc, const struct raw *raw, int l, const struct prepare *p,
		      const uint8_t *bytes, struct error *e)
{
	char reason[128];
	for (long t = 0; t < raw->t; t++)
		adc[t] = sample_at(bytes, (size_t)(t * raw->n_columns + raw->column[l]), raw->width);
	long clip_run = (raw->rate_hz * QUALITY_CLIP_MS + 999) / 1000;
	struct quality q = quality_measure(adc, raw->t, 1, raw->width == 2 ? INT16_MIN : INT32_MIN,
					   clip_run > 2 ? clip_run : 2);
	if (!quality_is_good(reason, sizeof reason, &q, &p->settings.limits, (double)raw->rate_hz))
		return error_set(e, NULL, 0, "lead %s: %s", lead_names[l], reason);
	return 0;
}

/* x [t][LEADS]: leads in canonical order. */
DOUBLE4_INLINE void to_millivolts(double (*x)[LEADS], const struct raw *raw, const uint8_t *bytes)
{
	const int *column = raw->column, width = raw->width;
	for (long t = 0; t < raw->t; t++, bytes += (size_t)width * (size_t)raw->n_columns)
		for (int l = 0; l < LEADS; l += DOUBLE4_LANES) {
			double4 adc = {sample_at(bytes, (size_t)column[l], width),
				       sample_at(bytes, (size_t)column[l + 1], width),
				       sample_at(bytes, (size_t)column[l + 2], width),
				       sample_at(bytes, (size_t)column[l + 3], width)};
			*(double4 *)(x[t] + l) = (adc - *(const double4 *)(raw->baseline + l)) /
						 *(const double4 *)(raw->gain + l);
		}
}

struct moments {
	double mean[LEADS], sd[LEADS]; /* of the population */
};

static struct moments measure(const double (*x)[LEADS], int n)
{
	struct moments m = {0};
	for (int t = 0; t < n; t++)
		for (int l = 0; l < LEADS; l++)
			m.mean[l] += x[t][l];
	for (int l = 0; l < LEADS; l++)
		m.mean[l] /= n;
	for (int t = 0; t < n; t++)
		for (int l = 0; l < LEADS; l++)
			m.sd[l] += (x[t][l] - m.mean[l]) * (x[t][l] - m.mean[l]);
	for (int l = 0; l < LEADS; l++)
		m.sd[l] = sqrt(m.sd[l] / n);
	return m;
}

struct line {
	double mean[LEADS], sd[LEADS];
};

/* signal [LEADS][n] = (x - mean) / sd */
DOUBLE4_INLINE void write_normalized(float *signal, const double (*x)[LEADS], int n, const struct line *line)
{
	for (int l = 0; l < LEADS; l += DOUBLE4_LANES, signal += DOUBLE4_LANES * (size_t)n) {
		double4 mean = *(const double4 *)(line->mean + l), sd = *(const double4 *)(line->sd + l);
		for (int t = 0; t < n; t++) {
			double4_floats z = __builtin_convertvector((*(const double4 *)(x[t] + l) - mean) / sd,
								   double4_floats);
			signal[t] = z[0];
			signal[n + t] = z[1];
			signal[2 * n + t] = z[2];
			signal[3 * n + t] = z[3];
		}
	}
}

DOUBLE4_AVX2 static void to_millivolts_avx2(double (*x)[LEADS], const struct raw *raw, const uint8_t *bytes)
{
	to_millivolts(x, raw, bytes);
}

DOUBLE4_AVX2 static void write_normalized_avx2(float *signal, const double (*x)[LEADS], int n,
					       const struct line *line)
{
	write_normalized(signal, x, n, line);
}

static void to_millivolts_plain(double (*x)[LEADS], const struct raw *raw, const uint8_t *bytes)
{
	to_millivolts(x, raw, bytes);
}

static void write_normalized_plain(float *signal, const double (*x)[LEADS], int n, const struct line *line)
{
	write_normalized(signal, x, n, line);
}

static struct line normalization(const struct moments *m, enum prepare_normalize normalize)
{
	struct line line;
	double square = 0;
	for (int l = 0; l < LEADS; l++)
		square += m->sd[l] * m->sd[l] / LEADS;
	for (int l = 0; l < LEADS; l++) {
		line.mean[l] = normalize == PREPARE_NONE ? 0 : m->mean[l];
		line.sd[l] = normalize == PREPARE_NONE	     ? 1
			     : normalize == PREPARE_PER_LEAD ? m->sd[l]
							     : sqrt(square);
	}
	return line;
}

static int finish(const struct prepare *p, float *signal, float *scale, const double (*x)[LEADS],
		  struct error *e)
{
	struct moments m = measure(x, p->samples);
	for (int l = 0; l < LEADS; l++) {
		if (!isfinite(m.sd[l]) || m.sd[l] > 1e6)
			return error_set(e, NULL, 0, "lead %s: standard deviation %g mV: not a voltage",
					 lead_names[l], m.sd[l]);
		if (m.sd[l] < LEAST_SD_MV)
			return error_set(e, NULL, 0, "lead %s: flat after filtering", lead_names[l]);
		scale[l] = (float)dmath_log(m.sd[l]);
	}
	struct line line = normalization(&m, p->settings.normalize);
	(double4_has_avx2() ? write_normalized_avx2 : write_normalized_plain)(signal, x, p->samples, &line);
	return 0;
}

int prepare_run(struct prepare *p, float *signal, float *scale, const json_t *header, const void *bytes,
		size_t n_bytes, struct error *e)
{
	struct raw raw = {0};
	const struct resample *resample;

	if (find_leads(&raw, json_object_get(header, "leads"), e) < 0 ||
	    read_calibration(&raw, header, e) < 0 || read_shape(&raw, p, header, n_bytes, e) < 0 ||
	    !(resample = find_plan(p, raw.rate_hz, e)))
		return -1;

	int pad = resample_pad(resample) > p->filter.pad ? resample_pad(resample) : p->filter.pad, result = 0;
	long made = resample_length(resample, (int)raw.t);
	size_t rows = (size_t)(raw.t > made ? raw.t : made);
	struct workspace *w = workspace_take(p, rows, rows + 2 * (size_t)pad);
	for (int l = 0; l < LEADS && result == 0; l++)
		result = check_lead(w->adc, &raw, l, p, bytes, e);

	if (result == 0) {
		(double4_has_avx2() ? to_millivolts_avx2 : to_millivolts_plain)(w->x, &raw, bytes);
		resample_run(resample, w->y, (const double(*)[LEADS])w->x, w->scratch, (int)raw.t);
		filter_run(&p->filter, w->y, w->scratch, p->samples);
		result = finish(p, signal, scale, (const double(*)[LEADS])w->y, e);
	}

	workspace_give_back(p, w);
	return result;
}
