/*
 * Who the record is from and what they have: patient, fold, age, sex and findings, drawn with PTB-XL's
 * frequencies.
 *
 *	struct synth_patient p;
 *	synth_patient_draw(&p, SYNTH_MORPHOLOGY, seed, record);
 */
#ifndef ECG_SYNTH_PATIENT_H
#define ECG_SYNTH_PATIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "ecg/synth.h"
#include "ecg/synth_tables.h"

struct synth_finding {
	enum synth_code code;
	double severity; /* 0.1..2.7 */
	bool is_hidden;	 /* shapes the signal, but is not among the record's statements: a subclinical variant
			  */
};

#define SYNTH_MAX_FINDINGS 8

struct synth_patient {
	enum synth_generator generator;
	uint64_t record, patient;
	int ordinal; /* of the record among the patient's, from 0 */
	int fold;    /* 1..10 */
	int set;     /* row of synth_tables_sets: which superclasses the record has */
	double age;  /* years */
	bool is_female;
	double height_cm, weight_kg;
	int n_findings;
	struct synth_finding findings[SYNTH_MAX_FINDINGS]; /* distinct codes */
};

void synth_patient_draw(struct synth_patient *p, enum synth_generator generator, uint64_t seed,
			uint64_t record);

/* The finding of this code, hidden or not; NULL: none. */
const struct synth_finding *synth_patient_finding(const struct synth_patient *p, enum synth_code code);

/* Whether the record's label set holds a superclass: 'N' norm, 'M' MI, 'S' ST-T, 'C' conduction, 'H'
 * hypertrophy. */
bool synth_patient_has(const struct synth_patient *p, char class);
/* Anything but plain NORM, where that alone changes gain, axis, rate and spread (SYNTH_FITTED). */
bool synth_patient_is_sick(const struct synth_patient *p);

#endif
