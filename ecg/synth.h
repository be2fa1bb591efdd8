/*
 * Synthetic 12-lead ECGs: what the pipeline reads when no dataset is given. A record is drawn from a numeric
 * model of PTB-XL's first 500 records (docs/synthetic.md): a heart vector made of Gaussian kernels (McSharry
 * et al. 2003, Sameni et al. 2007), changed by diagnoses, seen by nine electrodes (Dower et al. 1980), with
 * rhythm, ectopic beats and noise. Record i depends on (seed, i) only, never on how many are made, in which
 * order or on which thread; patients with several records share their anatomy.
 *
 *	int16_t adc[SYNTH_SAMPLES(100) * LEADS];
 *	struct synth_info info;
 *	synth_record(SYNTH_FITTED, seed, i, 100, adc, &info);   // 2 ms; may run on several threads
 */
#ifndef ECG_SYNTH_H
#define ECG_SYNTH_H

#include <jansson.h>
#include <stdint.h>

#include "ecg/lead.h"

#define SYNTH_SECONDS	       10
#define SYNTH_SAMPLES(rate_hz) (SYNTH_SECONDS * (rate_hz))
#define SYNTH_GAIN	       1000 /* ADC steps per mV; baseline 0 */
#define SYNTH_MAX_CODES	       12

/* FITTED: a finding is the mean difference of the 500 records that have it, and the sick are also larger,
 * faster and more various. MORPHOLOGY: a finding is a change of the wall or of conduction alone
 * (ecg/synth_morphology.h), from subtle to plain; gain, axis, rate, spread, recorder and noise know nothing
 * of the class. */
enum synth_generator { SYNTH_FITTED, SYNTH_MORPHOLOGY };
#define SYNTH_GENERATORS "fitted morphology"
enum synth_generator synth_generator_named(const char *name);

/* An SCP-ECG statement as PTB-XL's scp_statements.csv classes it. */
struct synth_statement {
	const char *code;	      /* "IMI"; NULL ends the table */
	const char *class;	      /* of NORM MI STTC CD HYP, or "" if not diagnostic */
	const char *subclass;	      /* "" likewise */
	int diagnostic, form, rhythm; /* 0 or 1 */
};

/* Every statement the generator can make. */
extern const struct synth_statement synth_statements[];

struct synth_info {
	uint64_t patient; /* records of one patient share it */
	int fold;	  /* 1..10; a patient's records lie in one fold */
	int age;	  /* whole years, 17..95 */
	int sex;	  /* 0 male, 1 female (PTB-XL's coding) */
	double height_cm, weight_kg;
	double rate_per_min; /* of the underlying rhythm */
	int n_codes;
	const struct synth_statement *codes[SYNTH_MAX_CODES]; /* distinct */
};

/* Draw a record. adc [T][LEADS], canonical lead order, in microvolts (1/SYNTH_GAIN mV), T =
 * SYNTH_SAMPLES(rate_hz); rate_hz is 500, or 100 (the same record low-passed at 45 Hz and decimated);
 * anything else is a BUG. adc or info may be NULL: not wanted (info alone takes microseconds). Limb leads
 * obey Einthoven's law within 1 microvolt. */
void synth_record(enum synth_generator generator, uint64_t seed, uint64_t record, int rate_hz, int16_t *adc,
		  struct synth_info *info);

/* The subject as fetch stores it: {"age":..,"codes":{"IMI":100,"SR":0},"fold":..,"patient":"..","sex":..};
 * rhythm and form statements carry likelihood 0 as in PTB-XL. New reference. */
json_t *synth_subject(const struct synth_info *info);

/* Attribute "statements": {code: {"class","subclass","diagnostic","form","rhythm"}}. New reference. */
json_t *synth_statements_json(void);

#endif
