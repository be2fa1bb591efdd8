/*
 * How nine electrodes (RA LA LL V1..V6) see a dipole in the chest: the field of a dipole at `source` in an
 * infinite homogeneous conductor, with electrodes placed so that a dipole in the origin gives Dower's lead
 * vectors. Moving the source (QRS, T and P arise at different places, and the QRS travels) makes the
 * non-dipolar part.
 */
#ifndef ECG_SYNTH_FIELD_H
#define ECG_SYNTH_FIELD_H

#include <stdint.h>

#include "ecg/synth_tables.h"

#define SYNTH_ELECTRODES 9

/* Sources: one for the whole QRS (notches, late kernels, ventricular beats), ST-T, P, and each of the QRS
 * kernels. */
enum synth_source {
	SYNTH_AT_QRS,
	SYNTH_AT_STT,
	SYNTH_AT_P,
	SYNTH_AT_KERNEL,
	SYNTH_SOURCES = SYNTH_AT_KERNEL + SYNTH_QRS
};

/* Potential in mV of electrode e for a dipole v at a source: lead[source][e] . v */
struct synth_field {
	double lead[SYNTH_SOURCES][SYNTH_ELECTRODES][3];
};

/* Where heart and electrodes are off their usual places. */
struct synth_anatomy {
	double heart[3];
	double electrode[SYNTH_ELECTRODES][3];
	double path[SYNTH_QRS][3]; /* of the QRS kernels' sources */
};

/* A patient's anatomy. */
void synth_field_anatomy(struct synth_anatomy *a, uint64_t seed, uint64_t patient);

/* With a left bundle branch block the QRS travels along another path. */
void synth_field_make(struct synth_field *f, const struct synth_anatomy *a, int is_left_block);

/* out[e] = lead[source][e] . v */
void synth_field_project(double out[SYNTH_ELECTRODES], const struct synth_field *f, int source,
			 const double v[3]);

#endif
