/*
 * A record as tables `signal` and `header` of a `records` artifact hold it: samples [T][leads] little-endian
 * in ADC steps, and JSON
 * {"baseline":[0,..],"checksum":[..],"dtype":"int16","gain":[1000,..],"leads":["I",..],"rate_hz":100,
 * "samples":1000,"units":["mV",..]}: gain in ADC steps per mV, leads named canonically in the order of the
 * file, checksum WFDB's sum modulo 2^16. The lowest value of dtype (int16 or int32) means "no sample".
 */
#ifndef ECG_RECORD_H
#define ECG_RECORD_H

#include <jansson.h>
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

/* Which signals of a header are the twelve standard leads, in the order of the file. A lead that is missing
 * or stands twice, or that cannot be decoded (wfdb_require), is an error at `file`. Other signals are left
 * out, whatever they are. */
int record_leads(int columns[LEADS], const char *file, const struct wfdb *h, struct error *e);

/* Those leads as a record; x: [n_samples][LEADS] (ecg/wfdb_samples.h), in the order of columns. A unit that
 * is no voltage is an error at `file`. */
int record_from_wfdb(struct record *r, const char *file, const struct wfdb *h, const int columns[LEADS],
		     const int32_t *x, long n_samples, struct error *e);

/* Samples in microvolts, int16 [n_samples][12] in canonical lead order. */
void record_from_microvolts(struct record *r, const int16_t *x, long n_samples, int rate_hz);

void record_release(struct record *r);

#endif
