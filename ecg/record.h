/*
 * A record as tables `signal` and `header` of a `records` artifact hold it: samples [T][leads] little-endian
 * in ADC steps, and JSON
 * {"baseline":[0,..],"checksum":[..],"dtype":"int16","gain":[1000,..],"leads":["I",..],"rate_hz":100,
 * "samples":1000,"units":["mV",..]}: gain in ADC steps per mV, leads named canonically in the order of the
 * file, checksum WFDB's sum modulo 2^16. The lowest value of dtype (int16 or int32) means "no sample". Where
 * fewer than the twelve leads are there, "left_out":["chest 6",..] names the file's other signals; "segments"
 * is there if the record was joined from several.
 */
#ifndef ECG_RECORD_H
#define ECG_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "ecg/lead.h"
#include "ecg/wfdb.h"

struct record {
	json_t *header;
	uint8_t *signal;
	size_t n_bytes;
};

/* Units of `unit` in one mV, or 0 if it is no voltage. */
double record_units_per_mv(const char *unit);

/* Which signals of a header are standard leads, in the order of the file: how many, 1..LEADS, or -1 with e
 * filled at `file` if there is none, one stands twice, or they differ in samples per frame. Other signals are
 * left out, whatever they are. */
int record_leads(int columns[LEADS], const char *file, const struct wfdb *h, struct error *e);

/* Those leads as a record; x: [n_samples][n_leads] (ecg/wfdb_samples.h), in the order of columns [n_leads],
 * at the rate of a lead: of frames times samples per frame. A unit that is no voltage, or
 * a gain beyond what a double holds in mV, is an error at `file`. */
int record_from_wfdb(struct record *r, const char *file, const struct wfdb *h, const int *columns,
		     int n_leads, const int32_t *x, long n_samples, struct error *e);

/* A lead of a record from elsewhere. */
struct record_lead {
	int lead;	       /* canonical */
	double gain, baseline; /* steps per mV, and of 0 mV */
	int32_t lowest;	       /* what a missing sample counts in the checksum */
};

/* x: [n_samples][n], INT32_MIN: no sample; of a record that is not wide each other value fits an int16 and is
 * not its lowest. left_out: names of the file's other signals, kept where leads are lacking; stolen, may be
 * NULL. */
struct record_samples {
	struct record_lead leads[LEADS];
	int n;
	double rate_hz;
	bool is_wide;
	const int32_t *x;
	long n_samples;
	json_t *left_out;
};
void record_make(struct record *r, const struct record_samples *s);

/* Whether a lead that was met before is met again, in which case e is filled at `file`. *seen: 0 at first. */
bool record_repeats(unsigned *seen, int lead, const char *file, struct error *e);

/* Samples in microvolts, int16 [n_samples][12] in canonical lead order. */
void record_from_microvolts(struct record *r, const int16_t *x, long n_samples, int rate_hz);

void record_release(struct record *r);

#endif
