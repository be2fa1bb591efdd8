#include "ecg/volts.h"

#include <math.h>

#define NANOVOLTS 1e6 /* in one mV */

int volts_open(struct volts *v, const char *const *names, size_t n_names, const struct recording_choice *c,
	       bool is_whole, const char *file, struct error *e)
{
	double per_mv = record_units_per_mv(c->unit);
	unsigned seen = 0;
	*v = (struct volts){.s = {.rate_hz = c->rate_hz}, .steps = is_whole ? 1 : NANOVOLTS / per_mv};
	if (!(c->rate_hz > 0))
		return error_set(e, file, 0,
				 "such a file does not say its sampling rate: set fetch.signal_rate_hz");
	if (per_mv == 0)
		return error_set(e, file, 0, "expected unit mV, uV, nV or V in fetch.signal_unit, found '%s'",
				 c->unit);

	v->s.left_out = json_array();
	for (size_t i = 0; i < n_names; i++) {
		int lead = lead_index(names[i]);
		if (lead < 0) {
			json_t *name = json_string(names[i]);
			json_array_append_new(v->s.left_out, name ? name : json_string("(not UTF-8)"));
			continue;
		}
		if (record_repeats(&seen, lead, file, e))
			goto fail;
		v->column[v->s.n] = (int)i;
		v->s.leads[v->s.n++] =
			(struct record_lead){lead, is_whole ? per_mv : NANOVOLTS, 0, INT32_MIN};
	}
	if (v->s.n)
		return 0;
	error_set(e, file, 0, "no column is called like one of the 12 standard leads (I, aVR, V1, ...)");
fail:
	volts_close(v);
	return -1;
}

int volts_step(int32_t *x, const struct volts *v, double value, int k, const char *file, struct error *e)
{
	double steps = rint(value * v->steps);
	*x = INT32_MIN;
	if (isnan(value))
		return 0;
	if (!(fabs(steps) <= INT32_MAX))
		return error_set(e, file, 0,
				 "lead %s: a value of %g is over 2 V: is fetch.signal_unit right?",
				 lead_names[v->s.leads[k].lead], value);
	*x = (int32_t)steps;
	return 0;
}

void volts_make(struct record *r, struct volts *v, const int32_t *x, long n_samples)
{
	v->s.x = x;
	v->s.n_samples = n_samples;
	for (int k = 0; k < v->s.n && !v->s.is_wide; k++)
		v->s.leads[k].lowest = INT16_MIN;
	json_incref(v->s.left_out);
	record_make(r, &v->s);
}

void volts_close(struct volts *v)
{
	json_decref(v->s.left_out);
	v->s.left_out = NULL;
}
