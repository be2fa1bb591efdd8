#include "ecg/synth_noise.h"

#include <math.h>

#include "ecg/synth_rng.h"
#include "numbers/dmath.h"

#define TWO_PI 6.283185307179586

/* Baseline wander is a sum of sinusoids below 1 Hz; they are evaluated at knots and joined by cubics, which
 * is off by less than 1e-7 mV. */
#define KNOT_STEP   20
#define KNOTS	    (SYNTH_LENGTH / KNOT_STEP + 1)
#define WANDERS	    14
#define WARM_UP	    400 /* samples in which the tremor's filter settles */
#define TREMOR_HZ   12.0
#define LINE_PERIOD 10 /* samples of 50 Hz */
_Static_assert(SYNTH_LENGTH % KNOT_STEP == 0, "knots must end with the record");
_Static_assert(SYNTH_LENGTH % LINE_PERIOD == 0 && SYNTH_PAD % LINE_PERIOD == 0,
	       "whole cycles of the powerline");

/* Typical levels per electrode, mV. */
static const double wander_mv[SYNTH_ELECTRODES] = {.017, .017, .030, .026, .033, .033, .033, .033, .033};
static const double emg_mv[SYNTH_ELECTRODES] = {.0021,	.0027,	.0006,	.00085, .00085,
						.00085, .00085, .00085, .00085};
static const double tremor_mv[SYNTH_ELECTRODES] = {.011,  .012,	 .009,	.0085, .0085,
						   .0085, .0085, .0085, .0085};

struct wave {
	double mv, hz, phase; /* mv * sin(2 pi hz t + phase) */
};

/* Levels of a record and, of them, of one electrode. */
struct levels {
	double wander, emg, line_mv, respiration;
};
struct electrode {
	double wander_mv, respiration_z, respiration_phase_z, tremor, emg, emg_hz, emg_phase, line_z,
		line_phase;
	struct wave waves[WANDERS + 1]; /* the last is respiration */
};

static double time_s(int n)
{
	return (n - SYNTH_PAD) / (double)SYNTH_RATE_HZ;
}

/* y = sum of the waves. */
static void sum_waves(double y[SYNTH_LENGTH], const struct wave *waves, int n_waves)
{
	double value[KNOTS] = {0}, slope[KNOTS] = {0}; /* slope per knot */
	const double step_s = KNOT_STEP / (double)SYNTH_RATE_HZ;

	for (int i = 0; i < n_waves; i++) {
		double start = TWO_PI * waves[i].hz * time_s(0) + waves[i].phase,
		       turn = TWO_PI * waves[i].hz * step_s;
		double s = waves[i].mv * dmath_sin(start), c = waves[i].mv * dmath_cos(start);
		double ts = dmath_sin(turn), tc = dmath_cos(turn);
		for (int k = 0; k < KNOTS; k++) {
			value[k] += s;
			slope[k] += turn * c;
			double next = s * tc + c * ts;
			c = c * tc - s * ts;
			s = next;
		}
	}

	double from[KNOT_STEP], to[KNOT_STEP], leave[KNOT_STEP], arrive[KNOT_STEP];
	for (int j = 0; j < KNOT_STEP; j++) {
		double u = j / (double)KNOT_STEP;
		to[j] = u * u * (3 - 2 * u);
		from[j] = 1 - to[j];
		leave[j] = u * (1 - u) * (1 - u);
		arrive[j] = u * u * (u - 1);
	}

	for (int k = 0; k + 1 < KNOTS; k++)
		for (int j = 0; j < KNOT_STEP; j++)
			y[k * KNOT_STEP + j] = from[j] * value[k] + to[j] * value[k + 1] +
					       leave[j] * slope[k] + arrive[j] * slope[k + 1];
}

static void draw_electrode(struct electrode *e, int index, const struct levels *l,
			   const struct synth_rhythm *h, struct synth_rng *r)
{
	e->wander_mv = l->wander * wander_mv[index] * synth_rng_lognormal(r, 1, .55, 0, 1e9);
	e->respiration_z = synth_rng_normal(r);
	e->respiration_phase_z = synth_rng_normal(r);
	e->tremor = synth_rng_lognormal(r, 1, .35, 0, 1e9);
	e->emg = synth_rng_lognormal(r, 1, .40, 0, 1e9);
	e->emg_hz = synth_rng_between(r, .05, .4);
	e->emg_phase = synth_rng_uniform(r);
	e->line_z = synth_rng_normal(r);
	e->line_phase = synth_rng_uniform(r);

	for (int i = 0; i < WANDERS; i++) {
		double hz = .05 * dmath_exp(.215 * i);
		double spectrum = sqrt(hz) / (1 + dmath_pow(hz / .25, 2.6)), z = synth_rng_normal(r);
		double phase = TWO_PI * synth_rng_uniform(r);
		e->waves[i] =
			(struct wave){.mv = spectrum * z * e->wander_mv * 1.95, .hz = hz, .phase = phase};
	}

	e->waves[WANDERS] = (struct wave){
		.mv = l->respiration * l->wander * wander_mv[index] * e->respiration_z,
		.hz = h->respiration_hz,
		.phase = h->phase[2] + .4 * e->respiration_phase_z,
	};
}

static void add_wander(double *y, const struct electrode *e)
{
	double x[SYNTH_LENGTH];
	sum_waves(x, e->waves, WANDERS + 1);
	for (int n = 0; n < SYNTH_LENGTH; n++)
		y[n] += x[n];
}

/* White noise through two poles at TREMOR_HZ, of unit variance before the level. */
static void add_tremor(double *y, double mv, uint64_t seed, uint64_t record, uint32_t stream)
{
	double w[SYNTH_LENGTH + WARM_UP];
	synth_rng_white(w, SYNTH_LENGTH + WARM_UP, seed, record, stream);
	double a = dmath_exp(-TWO_PI * TREMOR_HZ / SYNTH_RATE_HZ), b = (1 - a) * (1 - a);
	double cube = (1 - a * a) * (1 - a * a) * (1 - a * a);
	double level = mv * b * sqrt(cube / (b * b * (1 + a * a)));
	double last = 0, before = 0;
	for (int n = 0; n < SYNTH_LENGTH + WARM_UP; n++) {
		double out = w[n] + (2 * a * last - a * a * before);
		before = last;
		last = out;
		if (n >= WARM_UP)
			y[n - WARM_UP] += level * out;
	}
}

static void add_emg(double *y, double mv, const struct electrode *e, uint64_t seed, uint64_t record,
		    uint32_t stream)
{
	double w[SYNTH_LENGTH + 4], swell[SYNTH_LENGTH];
	const struct wave wave = {.mv = .5, .hz = e->emg_hz, .phase = TWO_PI * e->emg_phase};
	synth_rng_white(w, SYNTH_LENGTH + 1, seed, record, stream);
	sum_waves(swell, &wave, 1);
	for (int n = 0; n < SYNTH_LENGTH; n++)
		y[n] += mv * (1 + swell[n]) * (w[n + 1] + .6 * w[n]) / 1.166;
}

static void add_line(double *y, double mv, double phase)
{
	double cycle[LINE_PERIOD];
	for (int j = 0; j < LINE_PERIOD; j++)
		cycle[j] = mv * dmath_sin(TWO_PI * (j / (double)LINE_PERIOD + phase));
	for (int n = 0; n < SYNTH_LENGTH; n++)
		y[n] += cycle[n % LINE_PERIOD];
}

/* An electrode that slips: the baseline jumps and creeps back. */
static void add_slip(struct synth_canvas *c, struct synth_rng *r)
{
	int e = (int)(synth_rng_uniform(r) * SYNTH_ELECTRODES);
	double start_s = synth_rng_between(r, .5, 9.5), mv = .25 * synth_rng_normal(r);
	double decay_s = synth_rng_between(r, .3, 1.5);
	for (int n = 0; n < SYNTH_LENGTH; n++) {
		double t = time_s(n) - start_s;
		if (t > 0)
			c->e[e][n] += mv * dmath_exp(-t / decay_s) * (1 - dmath_exp(-t / .03));
	}
}

static void add_burst(struct synth_canvas *c, struct synth_rng *r, uint64_t seed, uint64_t record)
{
	double w[SYNTH_LENGTH];
	int e = (int)(synth_rng_uniform(r) * SYNTH_ELECTRODES);
	double at_s = synth_rng_between(r, 1, 8);
	synth_rng_white(w, SYNTH_LENGTH, seed, record, SYNTH_STREAM_BURST);
	for (int n = 0; n < SYNTH_LENGTH; n++) {
		double z = (time_s(n) - at_s) / .4;
		c->e[e][n] += .04 * dmath_exp(-.5 * z * z) * w[n];
	}
}

static void add_artefacts(struct synth_canvas *c, uint64_t seed, uint64_t record)
{
	struct synth_rng r = synth_rng_open(seed, record, SYNTH_STREAM_ARTEFACT);
	double u_slip = synth_rng_uniform(&r), u_burst = synth_rng_uniform(&r);
	if (u_slip < .07) {
		int n = 1 + (int)(synth_rng_uniform(&r) * 2);
		for (int i = 0; i < n; i++)
			add_slip(c, &r);
	}
	if (u_burst < .03)
		add_burst(c, &r, seed, record);
}

void synth_noise_add(struct synth_canvas *c, const struct synth_rhythm *h, uint64_t seed, uint64_t record)
{
	struct synth_rng r = synth_rng_open(seed, record, SYNTH_STREAM_NOISE);
	struct levels l;

	l.wander = synth_rng_lognormal(&r, 1, .70, 0, 1e9);
	l.emg = synth_rng_lognormal(&r, 1, .56, 0, 1e9);
	l.line_mv = synth_rng_lognormal(&r, .0006, .8, 0, 1e9);
	l.respiration = synth_rng_lognormal(&r, .22, .6, 0, 1e9);

	for (uint32_t i = 0; i < SYNTH_ELECTRODES; i++) {
		struct electrode e;
		draw_electrode(&e, (int)i, &l, h, &r);
		add_wander(c->e[i], &e);
		add_tremor(c->e[i], tremor_mv[i] * sqrt(l.emg) * e.tremor, seed, record,
			   SYNTH_STREAM_TREMOR + i);
		add_emg(c->e[i], emg_mv[i] * l.emg * e.emg, &e, seed, record, SYNTH_STREAM_EMG + i);
		add_line(c->e[i], l.line_mv * e.line_z, e.line_phase);
	}

	add_artefacts(c, seed, record);
}
