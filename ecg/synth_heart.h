/*
 * The beat of one record as Gaussian kernels of the heart vector, after patient, findings and the day's
 * variation.
 *
 *	struct synth_heart h;
 *	synth_heart_draw(&h, &patient, seed);
 */
#ifndef ECG_SYNTH_HEART_H
#define ECG_SYNTH_HEART_H

#include <stdint.h>

#include "ecg/synth_field.h"
#include "ecg/synth_patient.h"

struct synth_kernel {
	double at_ms, width_ms; /* centre relative to the QRS centroid, standard deviation */
	double v[3];		/* mV */
};

#define SYNTH_NOTCHES  6
#define SYNTH_MAX_LATE 5

struct synth_heart {
	double qrs[SYNTH_QRS][3], stt[SYNTH_STT][3], p[SYNTH_P][3]; /* mV */
	double width;						    /* factor of the QRS's times */
	double stt_time; /* factor of ST-T's times at an RR interval of 1 s */
	double p_ms,
		p_half_ms; /* P's centre before the QRS (negative), half the distance of its two kernels */
	struct synth_kernel notch[SYNTH_NOTCHES];
	int n_late; /* further kernels of a right bundle branch block or a delta wave */
	struct synth_kernel late[SYNTH_MAX_LATE];
	double breath; /* relative change of amplitude with respiration */
	double ventricular_qrs[SYNTH_QRS][3], ventricular_stt[SYNTH_STT][3],
		ventricular_width; /* ectopic beats */
	struct synth_field field;
};

void synth_heart_draw(struct synth_heart *h, const struct synth_patient *p, uint64_t seed);

#endif
