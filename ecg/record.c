#include "ecg/record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/die.h"
#include "ecg/field.h"
#include "ecg/lead.h"
#include "ecg/wfdb_samples.h"

double record_units_per_mv(const char *unit)
{
	static const struct {
		const char *unit;
		double per_mv;
	} known[] = {{"mV", 1},	     {"uV", 1e3}, {"\xc2\xb5V", 1e3}, {"\xce\xbcV", 1e3},
		     {"\xb5V", 1e3}, {"nV", 1e6}, {"V", 1e-3}};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcasecmp(unit, known[i].unit))
			return known[i].per_mv;
	return 0;
}

static void put(uint8_t *at, uint32_t x, int n_bytes)
{
	at[0] = (uint8_t)x;
	at[1] = (uint8_t)(x >> 8);
	if (n_bytes == 4) {
		at[2] = (uint8_t)(x >> 16);
		at[3] = (uint8_t)(x >> 24);
	}
}

static int no_lead(const char *file, const struct wfdb *h, struct error *e)
{
	char names[200] = "";
	size_t used = 0;
	for (int i = 0; i < h->n_signals && used < sizeof names; i++)
		used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "",
					 *h->signals[i].name ? h->signals[i].name : "(no name)");
	if (used >= sizeof names)
		strcpy(names + sizeof names - 4, "...");
	return error_set(e, file, 0,
			 "no signal is called like one of the 12 standard leads (I, aVR, V1, ...);"
			 " the signals are: %s",
			 names);
}

bool record_repeats(unsigned *seen, int lead, const char *file, struct error *e)
{
	bool is_again = *seen & 1u << lead;
	if (is_again)
		error_set(e, file, 0, "lead %s stands there twice", lead_names[lead]);
	*seen |= 1u << lead;
	return is_again;
}

int record_leads(int columns[LEADS], const char *file, const struct wfdb *h, struct error *e)
{
	unsigned seen = 0;
	int n = 0;

	for (int i = 0; i < h->n_signals; i++) {
		int lead = lead_index(h->signals[i].name);
		if (lead < 0)
			continue;
		if (record_repeats(&seen, lead, file, e))
			return -1;
		columns[n++] = i;
	}

	if (!n)
		return no_lead(file, h, e);
	int per_frame = h->signals[columns[0]].per_frame;
	for (int k = 1; k < n; k++)
		if (h->signals[columns[k]].per_frame != per_frame)
			return error_set(e, file, h->signals[columns[k]].line,
					 "lead %s has %d samples per frame, lead %s %d: expected one rate",
					 h->signals[columns[k]].name, h->signals[columns[k]].per_frame,
					 h->signals[columns[0]].name, per_frame);

	return n;
}

/* The file's signals that are none of the leads, by name, for a record that lacks some. */
static json_t *left_out(const struct wfdb *h)
{
	json_t *names = json_array();
	for (int i = 0; i < h->n_signals; i++)
		if (lead_index(h->signals[i].name) < 0) {
			json_t *name = json_string(h->signals[i].name);
			json_array_append_new(names, name ? name : json_string("(not UTF-8)"));
		}
	return names;
}

struct lists {
	json_t *leads, *gain, *baseline, *units, *checksum;
};

static struct lists lists_new(void)
{
	return (struct lists){json_array(), json_array(), json_array(), json_array(), json_array()};
}

static void lists_add(struct lists *l, int lead, double gain, double baseline, uint16_t checksum)
{
	json_array_append_new(l->leads, json_string(lead_names[lead]));
	json_array_append_new(l->gain, field_json(gain));
	json_array_append_new(l->baseline, field_json(baseline));
	json_array_append_new(l->units, json_string("mV"));
	json_array_append_new(l->checksum, json_integer(checksum));
}

static json_t *make_header(struct lists *l, double rate_hz, long n_samples, bool is_wide)
{
	return json_pack("{s:o,s:o,s:s,s:o,s:o,s:o,s:I,s:o}", "baseline", l->baseline, "checksum",
			 l->checksum, "dtype", is_wide ? "int32" : "int16", "gain", l->gain, "leads",
			 l->leads, "rate_hz", field_json(rate_hz), "samples", (json_int_t)n_samples, "units",
			 l->units);
}

void record_make(struct record *r, const struct record_samples *s)
{
	struct lists l = lists_new();
	int width = s->is_wide ? 4 : 2;
	uint16_t checksum[LEADS] = {0};
	const int32_t *x = s->x;

	r->n_bytes = (size_t)s->n_samples * (size_t)s->n * (size_t)width;
	r->signal = die_malloc(r->n_bytes);
	uint8_t *at = r->signal;
	for (long t = 0; t < s->n_samples; t++)
		for (int k = 0; k < s->n; k++, at += width) {
			int32_t v = *x++;
			bool is_missing = v == WFDB_MISSING;
			put(at, (uint32_t)(is_missing && !s->is_wide ? INT16_MIN : v), width);
			checksum[k] =
				(uint16_t)(checksum[k] + (uint32_t)(is_missing ? s->leads[k].lowest : v));
		}

	for (int k = 0; k < s->n; k++)
		lists_add(&l, s->leads[k].lead, s->leads[k].gain, s->leads[k].baseline, checksum[k]);
	r->header = make_header(&l, s->rate_hz, s->n_samples, s->is_wide);
	if (s->left_out && s->n < LEADS)
		json_object_set(r->header, "left_out", s->left_out);
	json_decref(s->left_out);
}

int record_from_wfdb(struct record *r, const char *file, const struct wfdb *h, const int *columns,
		     int n_leads, const int32_t *x, long n_samples, struct error *e)
{
	struct record_samples samples = {.n = n_leads, .x = x, .n_samples = n_samples};
	for (int k = 0; k < n_leads; k++) {
		const struct wfdb_signal *s = &h->signals[columns[k]];
		double per_mv = record_units_per_mv(s->units);
		if (per_mv == 0)
			return error_set(e, file, 0, "lead %s: expected unit mV, uV, nV or V, found '%s'",
					 s->name, s->units);
		if (!isnormal(s->gain * per_mv))
			return error_set(e, file, 0, "lead %s: a gain of %g steps per %s is no scale",
					 s->name, s->gain, s->units);
		samples.leads[k] = (struct record_lead){lead_index(s->name), s->gain * per_mv, s->baseline,
							wfdb_lowest(s->format)};
		samples.is_wide |= !wfdb_is_narrow(s->format);
	}
	samples.rate_hz = h->rate_hz * h->signals[columns[0]].per_frame;
	samples.left_out = left_out(h);
	record_make(r, &samples);
	return 0;
}

void record_from_microvolts(struct record *r, const int16_t *x, long n_samples, int rate_hz)
{
	struct lists l = lists_new();
	r->n_bytes = (size_t)n_samples * LEADS * 2;
	r->signal = die_malloc(r->n_bytes);
	for (long i = 0; i < n_samples * LEADS; i++)
		put(r->signal + 2 * i, (uint32_t)(int32_t)x[i], 2);
	for (int k = 0; k < LEADS; k++) {
		uint16_t sum = 0;
		for (long t = 0; t < n_samples; t++)
			sum = (uint16_t)(sum + (uint16_t)x[t * LEADS + k]);
		lists_add(&l, k, 1000, 0, sum);
	}
	r->header = make_header(&l, rate_hz, n_samples, false);
}

void record_release(struct record *r)
{
	json_decref(r->header);
	free(r->signal);
	*r = (struct record){0};
}
