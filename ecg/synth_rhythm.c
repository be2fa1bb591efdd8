#include "ecg/synth_rhythm.h"

#include <math.h>

#include "common/die.h"
#include "ecg/synth_rng.h"
#include "numbers/dmath.h"

#define TWO_PI 6.283185307179586
#define END_S  10.9 /* beats beyond the record's end still reach into it with their P wave */

enum synth_code synth_rhythm_code(const struct synth_rhythm *h)
{
	if (h->is_fibrillating)
		return SYNTH_AFIB;
	if (h->rate_per_min > 100)
		return SYNTH_STACH;
	if (h->rate_per_min < 55)
		return SYNTH_SBRAD;
	return h->is_sinus_arrhythmia ? SYNTH_SARRH : SYNTH_SR;
}

static bool has_atrial_finding(const struct synth_patient *p)
{
	return synth_patient_finding(p, SYNTH_1AVB) || synth_patient_finding(p, SYNTH_WPW) ||
	       synth_patient_finding(p, SYNTH_LAE) || synth_patient_finding(p, SYNTH_RAE);
}

static void draw_kind(struct synth_rhythm *h, const struct synth_patient *p, const double u[6])
{
	const struct synth_set *set = &synth_tables_sets[p->set];
	h->is_fibrillating = u[0] < set->p_afib && !has_atrial_finding(p);
	h->has_pvc = u[1] < set->p_pvc;
	h->has_pac = u[2] < set->p_pac && !h->is_fibrillating;
	h->is_sinus_arrhythmia = u[3] < set->p_sarrh && !h->is_fibrillating;
}

static double draw_rate(const struct synth_rhythm *h, bool is_sick, double u, struct synth_rng *r)
{
	double z = synth_rng_clamped(r, 2.8);
	double rate = dmath_exp(dmath_log(is_sick ? 74 : 67) + (is_sick ? .21 : .16) * z);
	if (h->is_fibrillating)
		rate = dmath_exp(dmath_log(88) + .25 * z);
	else if (u < .03 + .02 * is_sick)
		rate *= 1.35;
	return fmin(fmax(rate, 40), 160);
}

static void add(struct synth_rhythm *h, double at_s, double rr_s, enum synth_beat_kind kind)
{
	if (h->n_beats == SYNTH_MAX_BEATS)
		BUG("more beats than a record can have");
	h->beats[h->n_beats++] = (struct synth_beat){.at_s = at_s, .rr_s = rr_s, .kind = kind};
}

/* RR intervals: respiration has share `vagal` of the variance that is not white, sd_s is the whole spread. */
static double next_rr(const struct synth_rhythm *h, double t, double z, double sd_s, double vagal)
{
	if (h->is_fibrillating)
		return fmax(h->rr_s * dmath_exp(.20 * z), .33);
	double respiration = sqrt(2 * vagal) * dmath_sin(TWO_PI * h->respiration_hz * t + h->phase[0]);
	double slow = sqrt(1.4 * (1 - vagal)) * dmath_sin(TWO_PI * .1 * t + h->phase[1]);
	double q = 1 + sd_s / h->rr_s * (respiration + slow + sqrt(.3 * (1 - vagal)) * z);
	return h->rr_s * fmin(fmax(q, .6), 1.6);
}

static void draw_beats(struct synth_rhythm *h, double sd_s, double vagal, struct synth_rng *r)
{
	double t = -1.6 * h->rr_s + h->rr_s * synth_rng_uniform(r);
	while (t < END_S) {
		double z = synth_rng_normal(r), x = synth_rng_uniform(r), y = synth_rng_uniform(r);
		double rr = next_rr(h, t, z, sd_s, vagal);
		add(h, t, rr, SYNTH_BEAT_NORMAL);
		if (h->has_pvc && x < .13) { /* with a full compensatory pause */
			double early = .55 + .2 * y;
			add(h, t + early * rr, rr * (2 - early), SYNTH_BEAT_VENTRICULAR);
			t += 2 * rr;
		} else if (h->has_pac && x < .11) {
			double early = .60 + .2 * y;
			add(h, t + early * rr, rr, SYNTH_BEAT_ATRIAL);
			t += early * rr + 1.05 * rr;
		} else {
			t += rr;
		}
	}
}

void synth_rhythm_draw(struct synth_rhythm *h, const struct synth_patient *p, uint64_t seed)
{
	struct synth_rng r = synth_rng_open(seed, p->record, SYNTH_STREAM_RHYTHM);
	bool is_sick = synth_patient_is_sick(p);
	double u[6];

	for (int i = 0; i < 6; i++)
		u[i] = synth_rng_uniform(&r);
	*h = (struct synth_rhythm){0};
	draw_kind(h, p, u);
	h->rate_per_min = draw_rate(h, is_sick, u[4], &r);
	h->rr_s = 60 / h->rate_per_min;

	double decades = (p->age - 50) / 10;
	double sd_s = dmath_exp(-3.5 - .25 * is_sick + .95 * dmath_log(h->rr_s) - .163 * decades +
				.65 * synth_rng_clamped(&r, 2.5));
	double more = synth_rng_uniform(&r);
	if (h->is_sinus_arrhythmia)
		sd_s = fmax(sd_s, .08) * (1 + .5 * more);
	h->respiration_hz = synth_rng_between(&r, .18, .33);
	for (int i = 0; i < 3; i++)
		h->phase[i] = TWO_PI * synth_rng_uniform(&r);

	double vagal = synth_rng_between(&r, .3, .8);
	draw_beats(h, sd_s, vagal, &r);
}
