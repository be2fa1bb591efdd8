/*
 * A record of a `records` artifact (ecg/record.h) on its way to millivolts: which column holds which of the
 * twelve leads, how ADC steps become mV, and the leads that the file lacks but I and II determine.
 *
 *	struct raw r;
 *	if (raw_open(&r, header, n_bytes, false, &e) < 0) ...
 *	r.t = ...;                              // samples that are used
 *	raw_millivolts(x, &r, bytes);           // x [t][LEADS], absent leads 0
 *	raw_derive(x, &r);
 */
#ifndef ECG_RAW_H
#define ECG_RAW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "ecg/lead.h"

enum raw_origin {
	RAW_ABSENT,
	RAW_READ,
	RAW_DERIVED, /* III, aVR, aVL or aVF of a file that has I and II */
};

struct raw {
	long rate_hz, samples, t; /* per lead; those that are used, which the caller sets */
	int n_columns, width;	  /* of a row; bytes of a sample, 2 or 4 */
	enum raw_origin origin[LEADS];
	int column[LEADS]; /* of each canonical lead that is read; else 0 */
	double gain[LEADS], baseline[LEADS];
};

/* header and n_bytes as in tables `header` and `signal`. may_lack: a lead that is neither there nor derived
 * is no fault, as long as one is there. 0, or -1 with e naming the lead or member. */
int raw_open(struct raw *r, const json_t *header, size_t n_bytes, bool may_lack, struct error *e);

/* adc [t]: lead l, which is read. */
void raw_lead(int32_t *adc, const struct raw *r, const uint8_t *bytes, int l);
int32_t raw_missing(const struct raw *r); /* the value that means "no sample" */

/* x [t][LEADS] in canonical order, mV; leads that are not read are 0. */
void raw_millivolts(double (*x)[LEADS], const struct raw *r, const uint8_t *bytes);

/* Fill in the derived leads from I and II (Einthoven 1912, Goldberger 1942): III = II - I, aVR = -(I + II)
 * / 2, aVL = I - II / 2, aVF = II - I / 2. */
void raw_derive(double (*x)[LEADS], const struct raw *r);

#endif
