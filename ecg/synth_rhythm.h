/*
 * When the heart beats: sinus rhythm with respiratory and 0.1 Hz arrhythmia, atrial fibrillation, premature
 * ventricular and atrial beats.
 */
#ifndef ECG_SYNTH_RHYTHM_H
#define ECG_SYNTH_RHYTHM_H

#include "ecg/synth_patient.h"

enum synth_beat_kind { SYNTH_BEAT_NORMAL, SYNTH_BEAT_VENTRICULAR, SYNTH_BEAT_ATRIAL };

struct synth_beat {
	double at_s; /* centroid of the QRS, from the record's start */
	double rr_s; /* interval that goes with it */
	enum synth_beat_kind kind;
};

#define SYNTH_MAX_BEATS 96

struct synth_rhythm {
	bool is_fibrillating, has_pvc, has_pac, is_sinus_arrhythmia;
	double rate_per_min, rr_s; /* the mean it varies about */
	double respiration_hz;	   /* also moves baseline and gain */
	double phase[3]; /* rad: respiration in RR, 0.1 Hz in RR, respiration in gain and baseline */
	int n_beats;
	struct synth_beat beats[SYNTH_MAX_BEATS]; /* from before the record's start to beyond its end */
};

void synth_rhythm_draw(struct synth_rhythm *h, const struct synth_patient *p, uint64_t seed);

/* The statement: AFIB, STACH, SBRAD, SARRH or SR. */
enum synth_code synth_rhythm_code(const struct synth_rhythm *h);

#endif
