#include "ecg/synth_render.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/kaiser.h"
#include "ecg/lanes.h"
#include "ecg/lead.h"
#include "ecg/synth_rng.h"
#include "numbers/dmath.h"

#define TWO_PI	6.283185307179586
#define STEP_MS (1000.0 / SYNTH_RATE_HZ)
#define REACH	4.5 /* standard deviations at which a kernel is cut off */

/* Add exp(-((t - at) / width)^2 / 2) * lead . v to all electrodes. */
static void add(struct synth_canvas *c, const struct synth_field *f, int source, double at_ms,
		double width_ms, const double v[3])
{
	double gain[SYNTH_ELECTRODES], g[SYNTH_LENGTH];
	int from = (int)fmax(0, floor((at_ms - REACH * width_ms) / STEP_MS + SYNTH_PAD));
	int to = (int)fmin(SYNTH_LENGTH, ceil((at_ms + REACH * width_ms) / STEP_MS + SYNTH_PAD) + 1);
	for (int n = from; n < to; n++) {
		double z = ((n - SYNTH_PAD) * STEP_MS - at_ms) / width_ms;
		g[n] = dmath_exp(-.5 * z * z);
	}
	synth_field_project(gain, f, source, v);
	for (int e = 0; e < SYNTH_ELECTRODES; e++)
		for (int n = from; n < to; n++)
			c->e[e][n] += g[n] * gain[e];
}

static void add_scaled(struct synth_canvas *c, const struct synth_field *f, int source, double at_ms,
		       double width_ms, const double v[3], double scale)
{
	add(c, f, source, at_ms, width_ms, (const double[3]){v[0] * scale, v[1] * scale, v[2] * scale});
}

static void add_ventricular(struct synth_canvas *c, const struct synth_heart *h, double at_ms)
{
	for (int i = 0; i < SYNTH_QRS; i++)
		add(c, &h->field, SYNTH_AT_QRS, at_ms + synth_tables_qrs_ms[i] * h->ventricular_width,
		    SYNTH_QRS_WIDTH_MS * h->ventricular_width, h->ventricular_qrs[i]);
	for (int i = 0; i < SYNTH_STT; i++)
		add(c, &h->field, SYNTH_AT_STT, at_ms + 60 + synth_tables_stt_ms[i] * 1.15,
		    SYNTH_STT_WIDTH_MS * 1.2, h->ventricular_stt[i]);
}

static void add_qrs(struct synth_canvas *c, const struct synth_heart *h, double at_ms, double scale)
{
	for (int i = 0; i < SYNTH_QRS; i++)
		add_scaled(c, &h->field, SYNTH_AT_KERNEL + i, at_ms + synth_tables_qrs_ms[i] * h->width,
			   SYNTH_QRS_WIDTH_MS * h->width, h->qrs[i], scale);
	for (int i = 0; i < SYNTH_NOTCHES; i++)
		add_scaled(c, &h->field, SYNTH_AT_QRS, at_ms + h->notch[i].at_ms, h->notch[i].width_ms,
			   h->notch[i].v, scale);
	for (int i = 0; i < h->n_late; i++)
		add_scaled(c, &h->field, SYNTH_AT_QRS, at_ms + h->late[i].at_ms, h->late[i].width_ms,
			   h->late[i].v, scale);
}

/* The QT interval follows the mean of the last RR intervals, not the last one. */
static void add_stt(struct synth_canvas *c, const struct synth_heart *h, double at_ms, double rr_mean_s,
		    double z_time, double scale)
{
	double time = h->stt_time * dmath_pow(rr_mean_s, .435) * (1 + .006 * z_time) *
		      (1 + .10 * fmax(h->width - .9, 0));
	time = fmin(fmax(time, .55), 1.6);
	double later_ms = 30 * fmax(h->width - .8, 0);
	for (int i = 0; i < SYNTH_STT; i++)
		add_scaled(c, &h->field, SYNTH_AT_STT, at_ms + synth_tables_stt_ms[i] * time + later_ms,
			   SYNTH_STT_WIDTH_MS * time, h->stt[i], scale);
}

/* Right atrium, left atrium, and the atria's repolarisation against both. */
static void add_p(struct synth_canvas *c, const struct synth_heart *h, double at_ms, double rr_mean_s,
		  int is_ectopic)
{
	static const double ectopic[3] = {.7, -.3, 1};
	double first[3], second[3], back[3];
	double p_ms = at_ms - 38.2 * h->width + 6 + h->p_ms * (1 + .15 * (fmin(rr_mean_s, 1.1) - .85));
	for (int k = 0; k < 3; k++) {
		double turn = is_ectopic ? ectopic[k] : 1;
		first[k] = h->p[0][k] * turn;
		second[k] = h->p[1][k] * turn;
		back[k] = -.17 * (first[k] + second[k]);
	}
	add(c, &h->field, SYNTH_AT_P, p_ms - h->p_half_ms, 16, first);
	add(c, &h->field, SYNTH_AT_P, p_ms + h->p_half_ms, 16, second);
	add(c, &h->field, SYNTH_AT_P, p_ms + 85, 48, back);
}

static void add_fibrillation(struct synth_canvas *c, const struct synth_field *f, uint64_t seed,
			     uint64_t record)
{
	struct synth_rng r = synth_rng_open(seed, record, SYNTH_STREAM_FIBRILLATION);
	double f_hz = synth_rng_between(&r, 4.5, 8), size = synth_rng_lognormal(&r, .035, .45, .01, .12);
	double fm_hz = synth_rng_between(&r, .1, .4), fm_phase = synth_rng_uniform(&r);
	double am_hz = synth_rng_between(&r, .15, .5), am_phase = synth_rng_uniform(&r);
	double v[3] = {-.25, .5, -.8}, gain[SYNTH_ELECTRODES];

	for (int k = 0; k < 3; k++)
		v[k] += .25 * synth_rng_normal(&r);
	synth_field_project(gain, f, SYNTH_AT_P, v);

	for (int n = 0; n < SYNTH_LENGTH; n++) {
		double t = (n - SYNTH_PAD) * STEP_MS / 1000;
		double p = TWO_PI * f_hz * t + 1.2 * dmath_sin(TWO_PI * (fm_hz * t + fm_phase));
		double wave = dmath_sin(p) + .45 * dmath_sin(2 * p + 1) + .2 * dmath_sin(3 * p + 2);
		wave *= size * (1 + .4 * dmath_sin(TWO_PI * (am_hz * t + am_phase)));
		for (int e = 0; e < SYNTH_ELECTRODES; e++)
			c->e[e][n] += wave * gain[e];
	}
}

void synth_render_beats(struct synth_canvas *c, const struct synth_heart *h,
			const struct synth_rhythm *rhythm, uint64_t seed, uint64_t record)
{
	struct synth_rng r = synth_rng_open(seed, record, SYNTH_STREAM_BEAT);
	double rr_mean_s = rhythm->rr_s, adapt = rhythm->is_fibrillating ? .1 : .2;

	for (int i = 0; i < rhythm->n_beats; i++) {
		const struct synth_beat *b = &rhythm->beats[i];
		double at_ms = b->at_s * 1000, z_gain = synth_rng_normal(&r), z_time = synth_rng_normal(&r);
		double z_stt = synth_rng_normal(&r);
		double breath = dmath_sin(TWO_PI * rhythm->respiration_hz * b->at_s + rhythm->phase[2]);
		double scale = 1 + h->breath * breath + .012 * z_gain;
		rr_mean_s = (1 - adapt) * rr_mean_s + adapt * b->rr_s;
		if (b->kind == SYNTH_BEAT_VENTRICULAR) {
			add_ventricular(c, h, at_ms);
			continue;
		}
		add_qrs(c, h, at_ms, scale);
		add_stt(c, h, at_ms, rr_mean_s, z_time, scale * (1 + .02 * z_stt));
		if (!rhythm->is_fibrillating)
			add_p(c, h, at_ms, rr_mean_s, b->kind == SYNTH_BEAT_ATRIAL);
	}

	if (rhythm->is_fibrillating)
		add_fibrillation(c, &h->field, seed, record);
}

/* The eight leads that are measured; the other four follow from I and II. */
#define MEASURED (4 * LANES)
struct leads {
	double x[SYNTH_LENGTH][MEASURED]; /* I II V1..V6, mV */
};

/* Differences of electrodes; chest leads against Wilson's terminal. */
static void measure(struct leads *l, const struct synth_canvas *c)
{
	double mean[MEASURED] = {0};
	for (int n = 0; n < SYNTH_LENGTH; n++) {
		double ra = c->e[0][n], la = c->e[1][n], ll = c->e[2][n], wilson = (ra + la + ll) / 3;
		l->x[n][0] = la - ra;
		l->x[n][1] = ll - ra;
		for (int v = 0; v < 6; v++)
			l->x[n][2 + v] = c->e[3 + v][n] - wilson;
	}
	for (int n = SYNTH_PAD; n < SYNTH_LENGTH - SYNTH_PAD; n++)
		for (int j = 0; j < MEASURED; j++)
			mean[j] += l->x[n][j];
	for (int n = 0; n < SYNTH_LENGTH; n++)
		for (int j = 0; j < MEASURED; j++)
			l->x[n][j] -= mean[j] / (SYNTH_LENGTH - 2 * SYNTH_PAD);
}

static int16_t microvolts(double mv)
{
	double uv = fmin(fmax(mv * 1000, -32768), 32767);
	return (int16_t)lrint(uv);
}

static void put(int16_t adc[LEADS], const double x[MEASURED])
{
	double i = x[0], ii = x[1];
	const double limb[6] = {i, ii, ii - i, -(i + ii) / 2, i - ii / 2, ii - i / 2};
	for (int k = 0; k < 6; k++)
		adc[k] = microvolts(limb[k]);
	for (int k = 0; k < 6; k++)
		adc[6 + k] = microvolts(x[2 + k]);
}

/* 201 taps, -6 dB at 45 Hz: what a 100 Hz recorder's own filter would leave. */
#define HALF 100
static double decimator[HALF + 1];

static void make_decimator(void)
{
	kaiser_lowpass(decimator, HALF, 45.0 / SYNTH_RATE_HZ, 4.0);
}

static void decimate(double y[MEASURED], const double (*x)[MEASURED])
{
	const lanes *middle = (const lanes *)x[0];
	lanes a = decimator[0] * middle[0], b = decimator[0] * middle[1];
	lanes c = decimator[0] * middle[2], d = decimator[0] * middle[3];
	for (int k = 1; k <= HALF; k++) {
		const lanes *before = (const lanes *)x[-k], *after = (const lanes *)x[k];
		a += decimator[k] * (before[0] + after[0]);
		b += decimator[k] * (before[1] + after[1]);
		c += decimator[k] * (before[2] + after[2]);
		d += decimator[k] * (before[3] + after[3]);
	}
	const lanes sums[MEASURED / LANES] = {a, b, c, d};
	memcpy(y, sums, sizeof sums);
}

void synth_render_leads(int16_t *adc, const struct synth_canvas *c, int rate_hz)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct leads *l = die_malloc(sizeof *l);

	measure(l, c);
	if (rate_hz == SYNTH_RATE_HZ) {
		for (int n = 0; n < 10 * rate_hz; n++)
			put(adc + n * LEADS, l->x[SYNTH_PAD + n]);
	} else if (rate_hz == 100) {
		pthread_once(&once, make_decimator);
		for (int n = 0; n < 10 * rate_hz; n++) {
			double y[MEASURED];
			decimate(y, (const double(*)[MEASURED]) & l->x[SYNTH_PAD + 5 * n]);
			put(adc + n * LEADS, y);
		}
	} else {
		BUG("synthetic records are made at 100 or 500 Hz");
	}

	free(l);
}
